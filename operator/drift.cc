#include "drift.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controllers/conditions.h"
#include "muster/api/render.h"
#include "muster/base/log.h"
#include "muster/base/quantity.h"
#include "muster/base/text.h"
#include "muster/state/amounts.h"

namespace muster::op {
namespace {

constexpr std::int64_t kAgeMs = 30'000;
constexpr std::int64_t kPeriodMs = 10'000;
constexpr std::size_t kMostLines = 20;  // of one look
// Sums beyond this are cut, here and in the World, and say nothing.
constexpr std::int64_t kMostCompared = std::int64_t{1} << 60;

// Pods of ours that no placement covers and that nobody is deleting.
void FindStrays(const state::ClusterState& state, std::set<std::string>& drift) {
  const std::int64_t now = state.clock().Now().unix_ms;
  for (const auto& [key, pod] : state.pods()) {
    if (pod.slot.attempt == 0 || pod.pod.terminal() || pod.pod.meta.deletion.unix_ms != 0) continue;
    if (now - pod.pod.meta.created.unix_ms < kAgeMs) continue;
    const state::JobEntry* job = state.FindJobByUid(state::OwnerJobUid(pod.pod));
    if (job == nullptr) continue;  // deleted: the garbage collector's work
    if (!job->placement || job->placement->attempt != pod.slot.attempt) {
      drift.insert("pod " + key + " has no placement");
    }
  }
}

// Only while the placement is Committed: once every pod has been seen, a missing one is lost, which
// the Job controller handles.
bool IsWatched(const state::JobEntry& entry) {
  return entry.placement && entry.backing == state::Backing::kStatus &&
         entry.placement->state == api::PlacementState::kCommitted &&
         entry.job.meta.deletion.unix_ms == 0 && !entry.release && entry.refusal.empty() &&
         entry.ledger.failures == 0;
}

void FindMissing(const state::ClusterState& state, std::set<std::string>& drift) {
  const std::int64_t now = state.clock().Now().unix_ms;
  for (const auto& [key, entry] : state.jobs()) {
    if (!IsWatched(entry) || now - entry.placement->committed_at.unix_ms < kAgeMs) continue;
    for (const state::Slot& slot : entry.slots) {
      if (slot.seen) continue;
      const std::string name = api::PodName(entry.job, entry.job.spec.tasks[slot.task].name,
                                            slot.index, entry.placement->attempt);
      // One that was asked for is looked for by the Job controller.
      if (entry.ledger.creates.contains(name)) continue;
      drift.insert("pod " + entry.job.meta.ns + "/" + name + " is missing");
    }
  }
}

using Sums = std::map<std::string, std::int64_t, std::less<>>;  // by resource

void Add(Sums& sums, const sched::Amounts& amounts) {
  for (const auto& [name, amount] : amounts) {
    if (name.starts_with("limits.")) continue;  // counted by quotas, on no node
    std::int64_t& sum = sums[name];
    sum = base::SaturatingAdd(sum, amount);
  }
}

// What takes room on each node: pods, and places that are promised to pods which have not shown.
std::unordered_map<std::string, Sums> TakenByNode(const state::ClusterState& state) {
  std::unordered_map<std::string, Sums> taken;
  for (const auto& [key, entry] : state.pods()) {
    const std::string& node = NodeOf(entry);
    if (node.empty() || entry.pod.terminal()) continue;
    Add(taken[node], state::ToAmounts(entry.pod.needs.requests, state::Rounding::kUp,
                                      state.options().gpu_resource));
  }
  for (const auto& [key, entry] : state.jobs()) {
    for (const auto& [occupant, pod] : entry.committed) Add(taken[pod.node], pod.amounts);
  }
  for (const auto& [key, orphan] : state.orphans()) {
    Add(taken[orphan.pod.node], orphan.pod.amounts);
  }
  return taken;
}

// What the World has in use on a node without a reservation.
Sums UsedOn(const sched::World& world, const sched::Node& node) {
  Sums used;
  Add(used, node.allocatable);
  const sched::Amounts free = world.FreeOn(node.name).value_or(sched::Amounts{});
  for (const auto& [name, amount] : free) used[name] -= amount;
  Add(used, world.OverOn(node.name));
  return used;
}

// "+2 nvidia.com/gpu, -1 pods": how far `used` is from `taken`; empty: not at all.
std::string Differences(const Sums& used, const Sums& taken) {
  Sums all = taken;
  all.insert(used.begin(), used.end());
  std::vector<std::string> parts;
  for (const auto& [name, any] : all) {
    const auto of = [&key = name](const Sums& sums) {
      const auto it = sums.find(key);
      return it == sums.end() ? 0 : it->second;
    };
    const std::int64_t more = of(used) - of(taken);
    if (more == 0 || std::max(of(used), of(taken)) >= kMostCompared) continue;
    const api::ResourceList off = state::ToResourceList({{name, std::abs(more)}});
    parts.push_back((more > 0 ? "+" : "-") + FormatAmount(name, off.at(name)) + " " + name);
  }
  return base::Join(parts, ", ");
}

// The World is kept in step by deltas; one that went wrong would stay wrong.
void FindWrongSums(const state::ClusterState& state, std::set<std::string>& drift) {
  const sched::World& world = state.world();
  std::set<std::string> reserved;  // where not all that is not free is in use
  for (const sched::Reservation& reservation : world.reservations()) {
    if (reservation.from.unix_ms != 0) continue;  // a slot takes nothing yet
    for (const auto& [node, amounts] : reservation.nodes) reserved.insert(node);
  }
  const std::unordered_map<std::string, Sums> taken = TakenByNode(state);
  for (const auto& [name, object] : state.nodes()) {
    const sched::Node* node = world.FindNode(name);
    if (node == nullptr || reserved.contains(name)) continue;
    const auto found = taken.find(name);
    const std::string off =
        Differences(UsedOn(world, *node), found == taken.end() ? Sums{} : found->second);
    if (!off.empty()) {
      drift.insert("node " + name + " counts " + off + " against its pods and what is committed");
    }
  }
}

}  // namespace

std::set<std::string> FindDrift(const state::ClusterState& state) {
  std::set<std::string> drift;
  FindStrays(state, drift);
  FindMissing(state, drift);
  FindWrongSums(state, drift);
  return drift;
}

void DriftCheck::Look(bool current, std::int64_t throttled) {
  const std::int64_t now_ms = state_.clock().BootMs();
  if (now_ms < next_ms_) return;
  next_ms_ = now_ms + kPeriodMs;
  const bool held_back = std::exchange(throttled_, throttled) != throttled;
  if (held_back || !current) return;
  std::set<std::string> now = FindDrift(state_);
  std::set<std::string> twice;
  std::size_t lines = 0;
  for (const std::string& place : now) {
    if (!before_.contains(place)) continue;
    twice.insert(place);
    if (!twice_.contains(place) && ++lines <= kMostLines) {
      base::LogError("drift", {{"what", place}});
    }
  }
  before_ = std::move(now);
  twice_ = std::move(twice);
  metrics_.Set(telemetry::Metric::kDrift, {}, static_cast<double>(twice_.size()));
}

}  // namespace muster::op
