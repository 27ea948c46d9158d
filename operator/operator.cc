#include "operator.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "controllers/foreign/reconciler.h"
#include "controllers/job/reconciler.h"
#include "controllers/quota/reconciler.h"
#include "controllers/tenant/reconciler.h"
#include "controllers/workflow/reconciler.h"
#include "event_loop.h"
#include "leadership.h"
#include "metrics_feed.h"
#include "muster/actuate/actuator.h"
#include "muster/base/log.h"
#include "muster/config/config_file.h"
#include "muster/kube/client.h"
#include "muster/kube/leader_election.h"
#include "muster/kube/work_queue.h"
#include "muster/state/cluster_state.h"
#include "muster/telemetry/server.h"
#include "poison_guard.h"
#include "scheduler_loop.h"
#include "watches.h"

namespace muster::op {
namespace {

constexpr std::int64_t kConfigPollMs = 2'000;
constexpr std::int64_t kFeedMs = 1'000;
constexpr std::int64_t kCycleRetryMs = 1'000;  // after a cycle that threw
constexpr std::int64_t kDrainMs = 1'000;       // for writes in flight when asked to stop

state::StateOptions StateOptionsOf(const config::Settings& settings) {
  state::StateOptions options;
  options.gpu_resource = settings.policy.device_resource;
  options.default_tenant = settings.default_tenant;
  options.group_timeout_ms = settings.pod_group_timeout_ms;
  return options;
}

TenantSettings TenantSettingsOf(const config::Settings& settings) {
  TenantSettings tenants;
  tenants.own_namespace = settings.ns;
  tenants.role_prefix = settings.tenant_role_prefix;
  return tenants;
}

kube::LeaderElectionOptions ElectionOf(const config::Settings& settings) {
  kube::LeaderElectionOptions options;
  options.ns = settings.ns;
  options.name = settings.lease.name;
  options.identity = settings.identity;
  options.lease_duration_ms = settings.lease.duration_ms;
  options.renew_deadline_ms = settings.lease.renew_deadline_ms;
  options.retry_period_ms = settings.lease.retry_period_ms;
  return options;
}

kube::ClientLimits LimitsOf(const config::Settings& settings) {
  kube::ClientLimits limits;
  limits.requests_per_second = static_cast<double>(settings.client.requests_per_second);
  limits.burst = static_cast<int>(settings.client.burst);
  limits.max_in_flight = static_cast<int>(settings.client.max_in_flight);
  // Whatever was sent before the deadline has ended before anyone else may take the lease.
  limits.max_write_timeout_ms = ElectionOf(settings).RequestTimeoutMs();
  return limits;
}

}  // namespace

class Operator::Impl {
 public:
  explicit Impl(Parts parts);
  ~Impl();

  int Run();
  void RequestStop();

 private:
  std::int64_t Turn();
  void End(const std::string& cause, const std::string& reason);
  void Lead();
  void PushFeed();
  bool Serve();
  void RunDueWakes();
  // `what` is a letter for the controller (j job, g group, w workflow, t tenant, q quota) and a
  // key.
  void WakeLater(const std::string& what, std::int64_t ms);
  void PollConfig();

  Parts parts_;
  const base::Clock& clock_;
  EventLoop loop_;
  state::ClusterState state_;
  kube::Client client_;
  std::shared_ptr<kube::CountingTransport> watch_traffic_;
  std::shared_ptr<kube::CountingTransport> lease_traffic_;
  kube::LeaderElector elector_;
  Watches watches_;
  actuate::Actuator actuator_;
  JobReconciler jobs_;
  ForeignController foreign_;
  TenantController tenants_;
  QuotaController quotas_;
  WorkflowController workflows_;
  SchedulerLoop scheduler_;
  FenceProbe fence_;
  Leadership leadership_;
  config::ConfigFile config_file_;
  telemetry::Metrics metrics_;
  kube::WorkQueue wakes_;  // of a letter for the controller and a key, see WakeLater
  PoisonGuard guard_;
  const TenantController::Guard tenant_guard_;
  const TenantController::Guard usage_guard_;
  telemetry::Endpoints endpoints_;
  MetricsFeed feed_;
  std::unique_ptr<telemetry::Server> server_;
  std::int64_t next_poll_ms_ = 0;
  std::int64_t next_feed_ms_ = 0;
  bool stopping_ = false;
  int exit_code_ = 0;
};

Operator::Impl::Impl(Parts parts)
    : parts_(std::move(parts)),
      clock_(base::SystemClock()),
      loop_(clock_),
      state_(StateOptionsOf(parts_.settings), clock_),
      client_(parts_.transport, clock_, LimitsOf(parts_.settings)),
      watch_traffic_(std::make_shared<kube::CountingTransport>(parts_.transport, clock_, "list")),
      lease_traffic_(
          std::make_shared<kube::CountingTransport>(parts_.lease_transport, clock_, "get")),
      elector_(lease_traffic_, clock_, ElectionOf(parts_.settings)),
      watches_(*watch_traffic_, clock_, loop_, state_),
      actuator_(client_, clock_, [this](std::function<void()> f) { loop_.Post(std::move(f)); }),
      jobs_(state_, actuator_,
            [this](const std::string& key, std::int64_t ms) { WakeLater("j" + key, ms); }),
      foreign_(state_, actuator_,
               [this](const std::string& key, std::int64_t ms) { WakeLater("g" + key, ms); }),
      tenants_(
          state_, actuator_,
          [this](const std::string& key, std::int64_t ms) { WakeLater("t" + key, ms); },
          TenantSettingsOf(parts_.settings)),
      quotas_(state_, actuator_,
              [this](const std::string& key, std::int64_t ms) { WakeLater("q" + key, ms); }),
      workflows_(state_, actuator_,
                 [this](const std::string& key, std::int64_t ms) { WakeLater("w" + key, ms); }),
      scheduler_(state_, actuator_, parts_.settings.policy),
      fence_(client_, parts_.connect, clock_,
             {parts_.settings.ns, parts_.settings.identity, parts_.settings.lease.duration_ms}),
      leadership_(elector_, fence_, watches_, state_, loop_, parts_.settings.ns),
      config_file_(parts_.invocation, parts_.settings),
      wakes_(clock_),
      guard_(metrics_, wakes_),
      tenant_guard_([this](const std::string& key, const std::function<void()>& work) {
        guard_.Reconcile("tenant", "t" + key, work, [this, &key](const std::string& trouble) {
          tenants_.Poisoned(key, trouble);
        });
      }),
      usage_guard_([this](const std::string& key, const std::function<void()>& work) {
        guard_.Survives("usage", key, work);
      }),
      endpoints_(metrics_),
      feed_(metrics_, {&state_,
                       &jobs_,
                       &scheduler_,
                       &client_,
                       {watch_traffic_.get(), lease_traffic_.get()},
                       [this] { return watches_.states(); },
                       [this] { return leadership_.role(); },
                       [this] { return leadership_.Describe(); },
                       &loop_,
                       parts_.settings.lease.name}) {
  scheduler_.SetGroups(
      [this](const std::string& group, const sched::Start& start) { foreign_.Bind(group, start); },
      [this](const std::string& group, const std::string& text) { foreign_.Evict(group, text); });
  feed_.AddChecks(endpoints_);
  metrics_.Set(telemetry::Metric::kBuild, {parts_.version}, 1);
  client_.SetWriteGate([this] { return elector_.MayWrite(); });
}

Operator::Impl::~Impl() { watches_.Stop(); }

bool Operator::Impl::Serve() {
  const config::ListenAddress& listen = parts_.settings.listen;
  auto server = telemetry::Server::Start(
      listen.host, listen.port, clock_,
      [this](const telemetry::HttpRequest& request) { return endpoints_.Answer(request); });
  if (!server.ok()) {
    base::LogError("cannot listen", {{"error", server.error().message}});
    return false;
  }
  server_ = std::move(*server);
  base::LogInfo("listening", {{"host", listen.host}, {"port", std::to_string(server_->port())}});
  return true;
}

int Operator::Impl::Run() {
  if (!Serve()) return 2;
  watches_.Start();
  elector_.Start(
      {[this](std::int64_t epoch) { loop_.Post([this, epoch] { leadership_.OnAcquired(epoch); }); },
       [this] { loop_.Post([this] { End("the lease is lost", elector_.lost_reason()); }); }});
  loop_.Run([this] { return Turn(); },
            [this](const std::exception& error) {
              metrics_.Add(telemetry::Metric::kReconciles, {"events", "error"});
              base::LogError("work of the owner thread cannot be done", {{"error", error.what()}});
            });
  feed_.StepDown();
  watches_.Stop();
  if (exit_code_ == 0) client_.WaitIdle(kDrainMs);
  elector_.Stop();  // gives the lease back, so that the successor need not wait it out
  return exit_code_;
}

void Operator::Impl::End(const std::string& cause, const std::string& reason) {
  base::LogError(cause + ": ending the process", {{"reason", reason}});
  exit_code_ = 1;
  loop_.Stop();
}

void Operator::Impl::RequestStop() {
  loop_.Post([this] {
    base::LogInfo("asked to stop");
    stopping_ = true;
    loop_.Stop();
  });
}

std::int64_t Operator::Impl::Turn() {
  if (stopping_) return 1;
  if (leadership_.MarkLost()) {
    End("the leader's mark is lost", "namespace " + parts_.settings.ns + " names another one");
    return 1;
  }
  if (leadership_.Step()) state_.MarkAllJobs();
  if (leadership_.role() == Role::kCounting || leadership_.role() == Role::kLeading) {
    Lead();
  } else {
    state_.TakeDirty();  // a new leader looks at everything: nothing need pile up in a standby
  }
  if (clock_.BootMs() >= next_poll_ms_) PollConfig();
  if (clock_.BootMs() >= next_feed_ms_) PushFeed();
  const std::int64_t next = std::min({next_poll_ms_, next_feed_ms_, wakes_.NextMs()});
  std::int64_t wait = std::max<std::int64_t>(1, next - clock_.BootMs());
  if (leadership_.role() != Role::kLeading) return wait;
  std::int64_t cycle = kCycleRetryMs;
  guard_.Survives("scheduler", "", [&] { cycle = scheduler_.Cycle(); });
  if (cycle > 0) wait = std::min(wait, cycle);
  return wait;
}

void Operator::Impl::PushFeed() {
  next_feed_ms_ = clock_.BootMs() + kFeedMs;
  guard_.Survives("metrics", "", [&] { feed_.Push(); });
  if (leadership_.role() == Role::kLeading) {
    guard_.Survives("usage", "", [&] { tenants_.RefreshUsage(usage_guard_); });
    guard_.Survives("usage", "", [&] { quotas_.RefreshUsage(usage_guard_); });
  }
  state_.RunDue();
}

void Operator::Impl::Lead() {
  RunDueWakes();
  const state::Dirty dirty = state_.TakeDirty();
  if (!dirty.tenants.empty() || !dirty.namespaces.empty()) {
    tenants_.Reconcile(dirty.tenants, dirty.namespaces, tenant_guard_);
  }
  for (const std::string& key : dirty.jobs) {
    guard_.Reconcile(
        "job", "j" + key, [&] { jobs_.Reconcile(key); },
        [&](const std::string& trouble) { jobs_.Poisoned(key, trouble); });
  }
  for (const std::string& key : dirty.groups) {
    guard_.Reconcile("foreign", "g" + key, [&] { foreign_.Reconcile(key); });
  }
  for (const std::string& key : dirty.workflows) {
    guard_.Reconcile(
        "workflow", "w" + key, [&] { workflows_.Reconcile(key); },
        [&](const std::string& trouble) { workflows_.Poisoned(key, trouble); });
  }
  for (const std::string& key : dirty.quotas) {
    guard_.Reconcile(
        "quota", "q" + key, [&] { quotas_.Reconcile(key); },
        [&](const std::string& trouble) { quotas_.Poisoned(key, trouble); });
  }
}

void Operator::Impl::WakeLater(const std::string& what, std::int64_t ms) {
  wakes_.AddAfter(what, std::max<std::int64_t>(ms, 1));
}

void Operator::Impl::RunDueWakes() {
  while (const std::optional<std::string> due = wakes_.TryGet()) {
    const std::string key = due->substr(1);
    switch (due->front()) {
      case 'g':
        state_.MarkGroup(key);
        break;
      case 'w':
        state_.MarkWorkflow(key);
        break;
      case 't':
        tenants_.Retry(key, tenant_guard_);
        break;
      case 'q':
        state_.MarkQuota(key);
        break;
      default:
        state_.MarkJob(key);
        break;
    }
  }
}

void Operator::Impl::PollConfig() {
  next_poll_ms_ = clock_.BootMs() + kConfigPollMs;
  const auto change = config_file_.Poll();
  if (!change) return;
  if (!change->ok()) {
    feed_.NoteReload(change->error().message);
    base::LogError("configuration refused, the old one stays",
                   {{"error", change->error().message}});
    return;
  }
  feed_.NoteReload("");
  scheduler_.SetPolicy((*change)->policy);
  base::SetLogLevel((*change)->log_level);
  base::LogInfo("configuration reloaded");
}

Operator::Operator(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Operator::~Operator() = default;
int Operator::Run() { return impl_->Run(); }
void Operator::RequestStop() { impl_->RequestStop(); }

}  // namespace muster::op
