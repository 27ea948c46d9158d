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
#include "controllers/status_pacer.h"
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

 private:
  struct Memory {
    std::string uid;
    StatusPacer pacer;
  };

  void Write(const api::ResourceQuota& quota, std::int64_t jobs);
  void Take(const std::string& key, const std::string& uid, const std::string& from,
            const base::Result<std::string>& answer);

  state::ClusterState& state_;
  actuate::Actuator& actuator_;
  std::function<void(const std::string&, std::int64_t)> wake_;
  std::map<std::string, Memory> memory_;
};

}  // namespace muster::op
