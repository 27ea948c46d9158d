// Binds, explains and, when it must, deletes pods that other controllers created for us: the I/O
// half of the foreign groups.
//
// Threads: owner thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "controllers/foreign/plan.h"
#include "muster/actuate/actuator.h"
#include "muster/sched/plan.h"
#include "muster/state/cluster_state.h"

namespace muster::op {

struct ForeignCounters {
  std::int64_t conflicts = 0;  // 409: read again
  std::int64_t refused = 0;    // for good
  std::int64_t deleted = 0;    // pods, after a timeout or an eviction
};

class ForeignController {
 public:
  // `wake(key, ms)`: Reconcile(key) after ms.
  ForeignController(state::ClusterState& state, actuate::Actuator& actuator,
                    std::function<void(const std::string&, std::int64_t)> wake);

  // Looks at one group, acts, and brings the World in step with it.  A group that is gone leaves
  // the World.
  void Reconcile(const std::string& group);

  // For SchedulerLoop::SetGroups.  Binds the pods of the group at the places of the Plan; does
  // nothing but look again when the group has changed since the World was told about it.
  void Bind(const std::string& group, const sched::Start& start);
  // Deletes what the group has on nodes.
  void Evict(const std::string& group, const std::string& text);

  const ForeignCounters& counters() const { return counters_; }

 private:
  void Carry(state::ForeignGroup& group, const GroupActions& actions);
  void Fold(const state::ForeignGroup& group, bool may_start);
  void BindPod(const std::string& group, const std::string& pod, const std::string& node,
               bool borrowing);
  void TakeBound(const std::string& group, const std::string& pod, const std::string& uid,
                 const base::Result<std::string>& answer);
  void LookForBinding(const std::string& group, const std::string& pod);
  void TakeLook(const std::string& group, const std::string& pod, const std::string& uid,
                const base::Result<std::string>& answer);
  void TakeRefusal(const std::string& group, state::PodEntry& pod, const std::string& message);
  void DeletePod(state::ForeignGroup& group, const std::string& pod);
  void Tell(const std::string& group, const PodText& tell);

  state::ClusterState& state_;
  actuate::Actuator& actuator_;
  std::function<void(const std::string&, std::int64_t)> wake_;
  ForeignCounters counters_;
};

}  // namespace muster::op
