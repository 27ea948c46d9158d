// From standby to leader, one step after the other (placement-protocol.md, fencing 4):
//   acquire the lease -> consistent LIST of everything -> epoch above the highest one found ->
//   probe until the API server accepts the new epoch and refuses the old one -> lead.
// Losing the lease at any point ends the process.
//
// Threads: Step is called on the owner thread; the probe runs on a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "event_loop.h"
#include "muster/kube/client.h"
#include "muster/kube/leader_election.h"
#include "muster/state/cluster_state.h"
#include "watches.h"

namespace muster::op {

enum class Role { kStandby, kListing, kProbing, kCounting, kLeading };
std::string_view ToString(Role role);

// What a dry-run write with some epoch was told.
enum class FenceAnswer { kAccepted, kFenced, kUnknown };  // kUnknown: no word about the epoch
FenceAnswer JudgeProbe(const base::Result<std::string>& answer);

struct LeadershipOptions {
  std::string ns;  // of the lease, and of the probe's dry runs
  std::int64_t lease_duration_ms = 15'000;
};

class Leadership {
 public:
  Leadership(kube::LeaderElector& elector, kube::Client& client, Watches& watches,
             state::ClusterState& state, EventLoop& loop, LeadershipOptions options);
  ~Leadership();

  // The elector has acquired the lease with this epoch.
  void OnAcquired(std::int64_t epoch);
  // Advances as far as it can; true on the call that made this replica the leader.
  bool Step();
  Role role() const { return role_; }
  bool fenced() const { return fenced_; }

 private:
  void Probe(std::int64_t epoch);
  FenceAnswer TryEpoch(std::int64_t epoch);
  bool SeveralServers();

  kube::LeaderElector& elector_;
  kube::Client& client_;
  Watches& watches_;
  state::ClusterState& state_;
  EventLoop& loop_;
  LeadershipOptions options_;
  Role role_ = Role::kStandby;
  bool acquired_ = false;
  bool probed_ = false;
  bool fenced_ = false;
  std::int64_t epoch_ = 0;
  std::int64_t counting_since_ms_ = 0;
  std::string probe_trouble_;  // last answer that said nothing; the probe's thread only
  std::thread probe_;
};

}  // namespace muster::op
