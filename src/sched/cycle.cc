#include "sched/cycle.h"

#include <algorithm>

namespace muster::sched {
namespace {

constexpr std::uint64_t kForgetAfter = 256;  // cycles without a use

Wide DominantShare(const QuotaBook& quota, const Sums& sums) {
  Wide share = 0;
  for (const auto& [resource, amount] : sums.entries()) {
    const Wide capacity = quota.Capacity(resource);
    if (capacity > 0) share = std::max(share, (amount << 40) / capacity);
  }
  return share;
}

// One replica of each task, then more in the given order, `least` in all.
std::vector<std::int32_t> LeastCounts(const SigSlot& sig, const std::vector<std::uint32_t>& order) {
  std::vector<std::int32_t> counts(sig.tasks.size(), 0);
  std::int32_t rest = sig.least;
  for (const bool first : {true, false}) {
    for (const std::uint32_t task : order) {
      const std::int32_t room = sig.tasks[task].replicas - counts[task];
      const std::int32_t more = std::min({rest, room, first ? 1 : room});
      counts[task] += more;
      rest -= more;
    }
  }
  return counts;
}

}  // namespace

Cycle::Cycle(const World& w, const Policy& p, Cache::State& c)
    : world(w),
      state(w.state()),
      policy(p),
      cache(c),
      plugins(p),
      quota(w.state()),
      device(w.state().FindResource(p.device_resource)),
      reserved(LiveReservations(w.state())) {
  if (!(cache.policy == policy) || state.generation < cache.generation) {
    cache = Cache::State{};
    cache.policy = policy;
  }
  cache.generation = state.generation;
  ++cache.cycle;
  cache.overlay.Refresh(state, Needed());
  std::erase_if(cache.indexes, [&](const auto& entry) {
    return entry.second.last_used + kForgetAfter < cache.cycle;
  });
  requests_.resize(state.sigs.size());
}

std::vector<ResourceId> Cycle::Needed() const {
  std::vector<bool> needed(state.columns.size(), false);
  if (device) needed[device->value] = true;
  if (const auto cpu = state.FindResource("cpu")) needed[cpu->value] = true;
  for (const auto& [key, sig] : state.sigs.index()) {
    for (const SigTask& task : state.sigs[sig].tasks) {
      for (const auto& entry : state.shapes[task.shape.value].request) {
        needed[entry.first.value] = true;
      }
    }
  }
  std::vector<ResourceId> ids;
  for (std::uint32_t r = 0; r < needed.size(); ++r) {
    if (needed[r]) ids.push_back(ResourceId{r});
  }
  return ids;
}

std::uint32_t Cycle::BaseOf(std::uint32_t gang) const {
  const std::string& base = At(gang).more_of;
  const std::uint32_t found = base.empty() ? kNoSlot : state.gangs.Find(base);
  return found == kNoSlot ? gang : found;
}

bool Cycle::TopsUp(std::uint32_t gang) const {
  return !At(gang).more_of.empty() || !Slot(gang).occupants.empty();
}

const Request& Cycle::RequestOf(std::uint32_t gang) {
  const std::uint32_t id = Slot(gang).sig;
  if (requests_[id]) return *requests_[id];
  auto request = std::make_unique<Request>();
  const SigSlot& sig = state.sigs[id];
  request->sig = &sig;
  std::vector<std::pair<Wide, std::uint32_t>> by_share;
  for (std::uint32_t t = 0; t < sig.tasks.size(); ++t) {
    by_share.emplace_back(-DominantShare(quota, state.shapes[sig.tasks[t].shape.value].sums), t);
  }
  std::sort(by_share.begin(), by_share.end());
  for (const auto& entry : by_share) request->order.push_back(entry.second);
  request->least_counts = LeastCounts(sig, request->order);
  for (std::uint32_t t = 0; t < sig.tasks.size(); ++t) {
    const SigTask& task = sig.tasks[t];
    const Sums& each = state.shapes[task.shape.value].sums;
    request->all.Add(each, task.replicas);
    request->all_limits.Add(task.limits, task.replicas);
    request->least.Add(each, request->least_counts[t]);
    request->least_limits.Add(task.limits, request->least_counts[t]);
    request->tied = request->tied || IsTied(task);
  }
  requests_[id] = std::move(request);
  return *requests_[id];
}

ShapeIndex& Cycle::IndexOf(ShapeId shape) {
  ShapeIndex& index = cache.indexes[shape];
  index.last_used = cache.cycle;
  index.CatchUp(WantedOf(shape), plugins, cache.overlay);
  plan.stats.nodes_visited += index.visited();
  return index;
}

Answer Cycle::RoomBeside(const SigTask& task, std::uint32_t row) const {
  const Wanted wanted = WantedOf(task);
  const NodeView node{state.nodes[row], row, &cache.overlay};
  Answer least;
  for (const Filter* filter : plugins.others) {
    const Answer answer = filter->room(wanted, node);
    if (answer.room == 0) return answer;
    least.room = std::min(least.room, answer.room);
    least.grows = least.grows || answer.grows;
  }
  return least;
}

std::int32_t Cycle::RunningOf(std::uint32_t tenant) const {
  const auto it = starts_.find(tenant);
  return state.tenants[tenant].running + (it == starts_.end() ? 0 : it->second);
}

Wide Cycle::UnitsOf(std::uint32_t gang, const Request& request, ResourceId resource) {
  // Also of tasks of which the smallest start has no replica: a cold Cache does not know them yet.
  for (const SigTask& task : request.sig->tasks) IndexOf(task.shape);
  Wide units = 0;
  for (const std::uint32_t id : Slot(gang).occupants) {
    const OccupantSlot& occupant = state.occupants[id];
    if (occupant.node == kNoSlot) continue;
    for (const SigTask& task : request.sig->tasks) {
      if (!cache.indexes[task.shape].FixedAt(occupant.node)) continue;
      units += AmountOf(occupant.amounts, resource);
      break;
    }
  }
  return units;
}

bool Cycle::Touches(std::uint32_t gang, const std::vector<Place>& places) const {
  for (const std::uint32_t id : Slot(gang).occupants) {
    for (const Place& place : places) {
      if (state.occupants[id].node == place.node.value) return true;
    }
  }
  return false;
}

void Cycle::LeaveNamespace(Trial& trial, const OccupantSlot& occupant) const {
  if (occupant.ns == kNoSlot || !state.namespaces[occupant.ns].quota) return;
  Sums sums;
  sums.Add(occupant.amounts, 1);
  sums.Add(occupant.limit_amounts, 1);
  trial.UseNamespace(occupant.ns, sums, -1);
}

std::uint32_t Cycle::AddText(std::string text) {
  plan.texts.push_back(std::move(text));
  return static_cast<std::uint32_t>(plan.texts.size() - 1);
}

void Cycle::Hold(std::uint32_t gang, Reason reason, std::uint32_t text) {
  plan.holds.push_back({GangId{gang}, reason, text});
}

}  // namespace muster::sched
