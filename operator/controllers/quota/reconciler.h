// ResourceQuotas: what their namespace uses of them, in their status.
//
// Threads: owner thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "controllers/quota/plan.h"
#include "controllers/status_pacer.h"
#include "muster/actuate/actuator.h"
#include "muster/state/cluster_state.h"

namespace muster::op {

class QuotaController {
 public:
  // `wake(key, ms)`: Reconcile(key) after ms.
  QuotaController(state::ClusterState& state, actuate::Actuator& actuator,
                  std::function<void(const std::string&, std::int64_t)> wake);

  // Looks at one (namespace/name); unknown ones are ignored.
  void Reconcile(const std::string& key);
  // Runs `work` of one object and catches what it throws, so that the others get their turn.
  using Guard = std::function<void(const std::string& key, const std::function<void()>& work)>;
  // Once a second while World::generation changes.
  void RefreshUsage(const Guard& guard);
  // The last work on it threw: it says so.
  void Poisoned(const std::string& key, const std::string& what);

 private:
  struct Memory {
    std::string uid;
    StatusPacer pacer;
  };

  // Of its writes; null: nothing can be written now.
  StatusPacer* PacerOf(const api::ResourceQuota& quota);
  void Write(const api::ResourceQuota& quota, std::int64_t jobs);
  void Send(const api::ResourceQuota& quota, StatusPacer& pacer,
            const api::ResourceQuotaStatus& next);
  void Take(const std::string& key, const std::string& uid, const std::string& from,
            const base::Result<std::string>& answer);

  state::ClusterState& state_;
  actuate::Actuator& actuator_;
  std::function<void(const std::string&, std::int64_t)> wake_;
  std::map<std::string, Memory> memory_;
};

}  // namespace muster::op
