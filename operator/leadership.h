// From standby to leader, one step after the other (placement-protocol.md, fencing 4):
//   acquire the lease -> consistent LIST of everything -> epoch above the highest one found ->
//   mark the namespace with it, and probe until every API server accepts the new epoch and refuses
//   the old one -> count what is committed -> lead.
// Losing the lease at any point ends the process, and so does the loss of the mark.
//
// Threads: Step is called on the owner thread; the probe runs on a thread of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "event_loop.h"
#include "fence_probe.h"
#include "muster/kube/leader_election.h"
#include "muster/state/cluster_state.h"
#include "watches.h"

namespace muster::op {

enum class Role { kStandby, kListing, kProbing, kCounting, kLeading };
std::string_view ToString(Role role);
// For people: the role, who leads where another does, and what keeps it from leading.
std::string DescribeRole(Role role, const std::string& holder, const std::string& trouble);

class Leadership {
 public:
  Leadership(kube::LeaderElector& elector, FenceProbe& fence, Watches& watches,
             state::ClusterState& state, EventLoop& loop, std::string ns);
  ~Leadership();

  // The elector has acquired the lease with this epoch.
  void OnAcquired(std::int64_t epoch);
  // Advances as far as it can; true on the call that made this replica the leader.
  bool Step();
  // The API servers take, or will take, another one for the leader: nothing of ours is accepted any
  // more.
  bool MarkLost();
  Role role() const { return role_; }
  bool fenced() const { return fenced_; }
  // The role in a word and, where it does not go on, why.
  std::string Describe() const;

 private:
  void Probe(std::int64_t highest);
  std::int64_t MarkedEpoch() const;

  kube::LeaderElector& elector_;
  FenceProbe& fence_;
  Watches& watches_;
  state::ClusterState& state_;
  EventLoop& loop_;
  const std::string ns_;
  Role role_ = Role::kStandby;
  bool acquired_ = false;
  bool probed_ = false;
  bool fenced_ = false;
  bool mark_seen_ = false;
  bool overtaken_ = false;
  std::int64_t epoch_ = 0;
  std::int64_t counting_since_ms_ = 0;
  std::thread probe_;
};

}  // namespace muster::op
