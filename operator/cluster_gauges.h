// The gauges that describe the cluster: queue, tenants, GPUs, what is set aside.  Only the leader
// decides, so only the leader shows them; on a standby, and on a leader that steps down, they are
// absent, not zero.
//
// Threads: owner thread.
#pragma once

#include <set>
#include <string>

#include "muster/state/cluster_state.h"
#include "muster/telemetry/metrics.h"

namespace muster::op {

class ClusterGauges {
 public:
  // Both outlive it.
  ClusterGauges(telemetry::Metrics& metrics, const state::ClusterState& state)
      : metrics_(metrics), state_(state) {}

  void Push();
  void Clear();

 private:
  void PushQueue();
  void PushPoison();
  void PushTenants();
  void PushGpus();

  telemetry::Metrics& metrics_;
  const state::ClusterState& state_;
  std::set<std::string> told_;  // objects set aside that the log has named
};

}  // namespace muster::op
