// The composition root: builds every part once, connects them, and runs the owner thread.
//
// Threads: constructed, run and destroyed on one thread, the owner; RequestStop from any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "controllers/job/reconciler.h"
#include "event_loop.h"
#include "controllers/foreign/reconciler.h"
#include "controllers/quota/reconciler.h"
#include "controllers/tenant/reconciler.h"
#include "controllers/workflow/reconciler.h"
#include "leadership.h"
#include "metrics_feed.h"
#include "muster/actuate/actuator.h"
#include "muster/config/config_file.h"
#include "muster/kube/client.h"
#include "muster/kube/leader_election.h"
#include "muster/state/cluster_state.h"
#include "muster/telemetry/server.h"
#include "scheduler_loop.h"
#include "watches.h"

namespace muster::op {

// What main hands over: the connections and the settings they were made from.
struct Parts {
  std::shared_ptr<kube::Transport> transport;        // watches and writes
  std::shared_ptr<kube::Transport> lease_transport;  // the lease's own connection
  config::Invocation invocation;
  config::Settings settings;
};

class Operator {
 public:
  explicit Operator(Parts parts);
  ~Operator();

  // Until RequestStop, or until the lease is lost.  The exit code of the process.
  int Run();
  void RequestStop();

 private:
  std::int64_t Turn();
  void Lead();
  void Guarded(const char* controller, const std::string& key,
               const std::function<void()>& reconcile);
  bool Serve();
  void RunDueWakes();
  // `what` is a letter for the controller (j job, g group, w workflow, t tenant, q quota) and a key.
  void WakeLater(const std::string& what, std::int64_t ms);
  void PollConfig();

  Parts parts_;
  const base::Clock& clock_;
  EventLoop loop_;
  state::ClusterState state_;
  kube::Client client_;
  kube::LeaderElector elector_;
  Watches watches_;
  actuate::Actuator actuator_;
  JobReconciler jobs_;
  ForeignController foreign_;
  TenantController tenants_;
  QuotaController quotas_;
  WorkflowController workflows_;
  SchedulerLoop scheduler_;
  Leadership leadership_;
  config::ConfigFile config_file_;
  telemetry::Metrics metrics_;
  telemetry::Endpoints endpoints_;
  MetricsFeed feed_;
  std::unique_ptr<telemetry::Server> server_;
  std::multimap<std::int64_t, std::string> wakes_;  // BootMs -> kind and key, see WakeLater
  std::map<std::string, std::int64_t> wake_of_;     // its earliest entry in wakes_
  std::int64_t next_poll_ms_ = 0;
  std::int64_t next_feed_ms_ = 0;
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace muster::op
