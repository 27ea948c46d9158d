// ResourceQuotas: what their namespace uses of them, in their status.
//
// Threads: owner thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "controllers/quota/plan.h"
#include "muster/actuate/actuator.h"
#include "muster/state/cluster_state.h"

namespace muster::op {

class QuotaController {
 public:
  // `wake(key, ms)`: Reconcile({key}) after ms.
  QuotaController(state::ClusterState& state, actuate::Actuator& actuator,
                  std::function<void(const std::string&, std::int64_t)> wake);

  // Keys (namespace/name) of what changed; unknown ones are ignored.
  void Reconcile(const std::set<std::string>& keys);
  // Once a second while World::generation changes.
  void RefreshUsage();

  std::int64_t status_writes() const { return status_writes_; }

 private:
  struct Memory {
    std::string uid;
    bool in_flight = false;
    std::string written_from;     // resourceVersion the last good write was made from
    std::int64_t written_ms = 0;  // BootMs
    std::int64_t retry_ms = 0;    // BootMs before which none is tried again
  };

  void Write(const api::ResourceQuota& quota, std::int64_t jobs);
  void Take(const std::string& key, const std::string& uid, const std::string& from,
            const base::Result<std::string>& answer);

  state::ClusterState& state_;
  actuate::Actuator& actuator_;
  std::function<void(const std::string&, std::int64_t)> wake_;
  std::map<std::string, Memory> memory_;
  std::int64_t status_writes_ = 0;
};

}  // namespace muster::op
