// Deltas -> Schedule -> the entries: runs a cycle when the World changed and turns its Plan into
// decisions that the controllers carry out.  Writes nothing by itself.
//
// Threads: owner thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "muster/actuate/actuator.h"
#include "muster/sched/schedule.h"
#include "muster/state/cluster_state.h"

namespace muster::op {

struct CycleStats {
  std::int64_t cycles = 0;       // while one runs, its number
  std::int64_t last_micros = 0;  // duration of the last cycle
  std::int64_t evictions_reclaim = 0;
  std::int64_t evictions_priority = 0;
};

class SchedulerLoop {
 public:
  SchedulerLoop(state::ClusterState& state, actuate::Actuator& actuator, sched::Policy policy);

  // Binds the pods of a foreign group where the Plan says; set by the composition root.
  using BindGroup = std::function<void(const std::string& group, const sched::Start& start)>;
  // Deletes the pods of a foreign group that is evicted.
  using EvictGroup = std::function<void(const std::string& group, const std::string& text)>;
  void SetGroups(BindGroup bind, EvictGroup evict);

  void SetPolicy(sched::Policy policy);

  // One cycle if the World changed since the last one or its wake-up has come.
  // Returns in how many ms it wants to be called again; 0: when something changes.
  std::int64_t Cycle();
  // Durations of the cycles since the last call, in microseconds.
  std::vector<std::int64_t> TakeDurations() { return std::exchange(durations_, {}); }

  const CycleStats& stats() const { return stats_; }

 private:
  void LogCycle() const;
  void ApplyStart(const sched::Start& start);
  void ApplyEviction(const sched::Eviction& eviction);
  void ApplyHolds();
  void RestoreReservations();
  void Unpark();
  std::int64_t AwaitParkedMs(std::int64_t boot);
  void Park(std::vector<sched::Reservation> before);
  bool StillWaits(const std::string& gang_uid) const;

  state::ClusterState& state_;
  actuate::Actuator& actuator_;
  sched::Policy policy_;
  sched::Cache cache_;
  sched::Plan plan_;
  BindGroup bind_group_;
  EvictGroup evict_group_;
  std::uint64_t seen_generation_ = 0;
  bool policy_changed_ = true;
  std::int64_t next_at_ms_ = 0;  // BootMs before which no cycle starts: batches bursts
  bool restored_ = false;
  // Places kept for gangs that the World does not know at this moment, because what their pods look
  // like is being asked.
  std::vector<sched::Reservation> parked_;
  std::int64_t parked_since_ms_ = 0;  // BootMs, while there are any
  CycleStats stats_;
  std::vector<std::int64_t> durations_;
};

}  // namespace muster::op
