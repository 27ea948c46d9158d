// The drift check: what was issued against what the API server shows.
//
// Threads: pure functions of the owner thread's state.
#pragma once

#include <set>
#include <string>

#include "muster/state/cluster_state.h"
#include "muster/telemetry/metrics.h"

namespace muster::op {

// One line a place:
//   "pod a/x-0 has no placement"       a pod of ours, alive, that no placement covers
//   "pod a/x-0 is missing"             committed, with no pod, and nothing under way to make one
//   "node n counts +2 nvidia.com/gpu against its pods and what is committed"
//                                      the World has that much more, or less, in use there
// A pod younger than half a minute is simply on its way and is left out, and so is what waits
// because a write was refused: that is told by its own metrics.
// Cost: a pass over pods, jobs and nodes.
std::set<std::string> FindDrift(const state::ClusterState& state);

// Looks from time to time; only what is seen twice in a row counts, and is told in the log once.
class DriftCheck {
 public:
  // Both outlive it.
  DriftCheck(telemetry::Metrics& metrics, const state::ClusterState& state)
      : metrics_(metrics), state_(state) {}

  // `current`: the watches are well.  `throttled` counts answers with 429 so far: after a new one
  // our own writes are held back, and nothing is judged.
  void Look(bool current, std::int64_t throttled);
  const std::set<std::string>& places() const { return twice_; }

 private:
  telemetry::Metrics& metrics_;
  const state::ClusterState& state_;
  std::set<std::string> before_;
  std::set<std::string> twice_;
  std::int64_t throttled_ = 0;
  std::int64_t next_ms_ = 0;
};

}  // namespace muster::op
