#include "sched/explain.h"

#include <algorithm>
#include <map>

#include "muster/base/text.h"
#include "muster/base/time_text.h"
#include "sched/words.h"

namespace muster::sched {
namespace {

constexpr std::size_t kMostRefusals = 5;  // of one sentence
constexpr std::size_t kMostHolders = 3;
constexpr std::ptrdiff_t kMostLookedAt = 64;

// How one class fares on all nodes.
struct Census {
  std::int64_t nodes = 0;
  std::int64_t open = 0;              // take a replica now
  bool possible = false;              // some could if they were empty and healthy
  bool healthy = false;               // some could if they were empty
  bool busy = false;                  // some have too little left
  std::vector<std::string> refusals;  // "80 insufficient nvidia.com/gpu (need 8)", most first
};

// The first filter that refuses; null if none does.
const Filter* FirstRefusing(const Cycle& cycle, const Wanted& wanted, const NodeView& node,
                            bool health) {
  for (const Filter* filter : cycle.plugins.filters) {
    if (!health && filter->kind == FilterKind::kHealth) continue;
    if (filter->room(wanted, node).room == 0) return filter;
  }
  return nullptr;
}

struct Tally {
  std::int64_t count = 0;
  std::string text;
};

void Collect(const std::map<std::pair<const Filter*, std::uint64_t>, Tally>& tallies,
             std::vector<std::string>& refusals) {
  std::map<std::string, std::int64_t> by_text;
  for (const auto& [key, tally] : tallies) by_text[tally.text] += tally.count;
  std::vector<std::pair<std::int64_t, std::string>> sorted;
  sorted.reserve(by_text.size());
  for (const auto& [text, count] : by_text) sorted.emplace_back(-count, text);
  std::sort(sorted.begin(), sorted.end());
  std::int64_t rest = 0;
  for (const auto& [minus, text] : sorted) {
    if (refusals.size() < kMostRefusals) {
      refusals.push_back(std::to_string(-minus) + " " + text);
    } else {
      rest -= minus;
    }
  }
  if (rest > 0) refusals.push_back(std::to_string(rest) + " for other reasons");
}

// With `empty`, the refusals are those of empty nodes.
Census Count(const Cycle& cycle, const Wanted& wanted, bool empty) {
  Census census;
  std::map<std::pair<const Filter*, std::uint64_t>, Tally> tallies;
  for (std::uint32_t row = 0; row < cycle.state.nodes.size(); ++row) {
    const NodeSlot& slot = cycle.state.nodes[row];
    if (!slot.node) continue;
    ++census.nodes;
    const NodeView bare{slot, row, nullptr};
    const NodeView now{slot, row, empty ? nullptr : &cycle.cache.overlay};
    // One node that could is enough to know.
    if (!census.healthy && FirstRefusing(cycle, wanted, bare, false) == nullptr) {
      census.possible = true;
      census.healthy = FirstRefusing(cycle, wanted, bare, true) == nullptr;
    }
    const Filter* filter = FirstRefusing(cycle, wanted, now, true);
    if (filter == nullptr) {
      ++census.open;
      continue;
    }
    census.busy = census.busy || filter->kind == FilterKind::kBusy;
    Tally& tally = tallies[{filter, filter->room(wanted, now).detail}];
    if (++tally.count == 1) tally.text = filter->why_not(wanted, now);
  }
  Collect(tallies, census.refusals);
  return census;
}

std::string RefusalsText(const Census& census) {
  return census.refusals.empty() ? "" : ": " + base::Join(census.refusals, ", ");
}

std::string CensusText(const Census& census, std::string_view what) {
  return std::to_string(census.open) + "/" + std::to_string(census.nodes) +
         " nodes can take a pod" + std::string(what) + RefusalsText(census);
}

// What a gang holds of the resource on nodes that the class could use.
std::int64_t HeldBy(const Cycle& cycle, const GangSlot& slot, ResourceId resource,
                    const ShapeIndex& index) {
  Wide held = 0;
  for (const std::uint32_t id : slot.occupants) {
    const OccupantSlot& occupant = cycle.state.occupants[id];
    if (occupant.node == kNoSlot || !index.FixedAt(occupant.node)) continue;
    held += AmountOf(occupant.amounts, resource);
  }
  return Clamp(held);
}

// Who holds the resource: those that must end by a known time first (the earliest of them first),
// then by amount.
const std::vector<std::uint32_t>& HoldersOf(Cycle& cycle, ResourceId resource) {
  const auto [it, fresh] = cycle.holders.try_emplace(resource);
  std::vector<std::uint32_t>& holders = it->second;
  if (!fresh) return holders;
  for (const GangState state : {GangState::kRunning, GangState::kReleasing}) {
    for (const std::uint32_t id : cycle.state.Gangs(state)) {
      if (cycle.Slot(id).holds.Of(resource) > 0) holders.push_back(id);
    }
  }
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    const Gang& left = cycle.At(a);
    const Gang& right = cycle.At(b);
    const bool bounded = left.bound_end.unix_ms > 0;
    if (bounded != (right.bound_end.unix_ms > 0)) return bounded;
    if (left.bound_end != right.bound_end) return left.bound_end < right.bound_end;
    const Wide amount = cycle.Slot(a).holds.Of(resource);
    const Wide other = cycle.Slot(b).holds.Of(resource);
    return amount != other ? amount > other : left.uid < right.uid;
  };
  const auto most = std::min<std::ptrdiff_t>(kMostLookedAt, std::ssize(holders));
  std::partial_sort(holders.begin(), holders.begin() + most, holders.end(), before);
  holders.resize(static_cast<std::size_t>(most));
  return holders;
}

std::string HoldersText(Cycle& cycle, ShapeId shape, ResourceId resource) {
  const ShapeIndex& index = cycle.IndexOf(shape);
  const std::string& name = cycle.state.Name(resource);
  std::vector<std::string> parts;
  bool bounded = false;
  for (const std::uint32_t id : HoldersOf(cycle, resource)) {
    const std::int64_t held = HeldBy(cycle, cycle.Slot(id), resource, index);
    const Gang& gang = cycle.At(id);
    const bool ends = gang.bound_end.unix_ms > 0;
    if (held <= 0) continue;
    if (parts.size() == kMostHolders || (bounded && !ends)) break;
    bounded = ends;
    const std::string amount = AmountText(name, held);
    parts.push_back(ends ? amount + " when " + gang.name + " ends, at the latest at " +
                               base::FormatMinute(gang.bound_end)
                         : gang.name + " (" + amount + ")");
  }
  if (parts.empty()) return "";
  return (bounded ? "; " + name + " comes free: " : "; most " + name + " is held by ") +
         base::Join(parts, ", ");
}

std::string TaskText(const Gang& gang, std::uint32_t task) {
  return gang.tasks.size() > 1 ? " of task " + gang.tasks[task].name : "";
}

// The task that comes out worst: no node could take it, no healthy one, no one now; else the first.
struct Worst {
  std::uint32_t task = 0;
  Census census;
};

Worst FindWorst(Cycle& cycle, const Request& request) {
  Worst worst;
  int badness = -1;
  for (const std::uint32_t task : request.order) {
    if (request.least_counts[task] == 0) continue;
    Census census = Count(cycle, cycle.WantedOf(request.sig->tasks[task]), false);
    const int bad = !census.possible ? 3 : !census.healthy ? 2 : census.open == 0 ? 1 : 0;
    if (bad <= badness) continue;
    badness = bad;
    worst = {task, std::move(census)};
  }
  return worst;
}

// Gangs whose kept place, free by now, is what the request lacks; empty if it is not enough.
std::string KeptFor(Cycle& cycle, const Request& request) {
  const std::int64_t least = request.sig->least;
  Trial trial(cycle.cache.overlay, cycle.quota);
  std::vector<std::string> keepers;
  std::int64_t fit = cycle.reserved.empty() ? 0 : CountFitting(cycle, request);
  for (const Reserved& reserved : cycle.reserved) {
    if (fit >= least) break;
    for (const auto& [row, vec] : reserved.extra) trial.Take(row, vec, -1, {});
    const std::int64_t more = CountFitting(cycle, request);
    if (more > fit) keepers.push_back(cycle.At(reserved.gang).name);
    fit = more;
  }
  return fit < least ? "" : base::Join(keepers, ", ");
}

std::string Incomplete(Cycle& cycle, std::uint32_t gang, const Worst& worst) {
  const Request& request = cycle.RequestOf(gang);
  const SigTask& task = request.sig->tasks[worst.task];
  const std::int32_t least = request.sig->least;
  std::string census = CensusText(worst.census, TaskText(cycle.At(gang), worst.task));
  bool busy = worst.census.busy || !request.tied;
  std::int64_t fit = 0;
  if (request.tied && worst.census.open > 0) {
    // Those that fit may be what keeps the rest out.
    Trial trial(cycle.cache.overlay, cycle.quota);
    fit = PlaceFitting(cycle, trial, request);
    const Census then = Count(cycle, cycle.WantedOf(task), false);
    busy = busy || then.busy;
    census += "; beside those " + std::to_string(then.open) + RefusalsText(then);
  } else {
    fit = CountFitting(cycle, request);
  }
  fit = std::min<std::int64_t>(fit, least);
  const Sums& each = cycle.state.shapes[task.shape.value].sums;
  std::string text = census;
  if (least > 1) {
    text = std::to_string(fit) + " of " + std::to_string(least) + " pods fit now (" + census + ")";
  }
  if (!busy) return text;
  const auto scarce = Scarce(cycle, each);
  if (!scarce) return text;
  const std::string& name = cycle.state.Name(*scarce);
  const std::int64_t missing = Clamp(each.Of(*scarce) * std::max<std::int64_t>(1, least - fit));
  text += "; " + AmountText(name, missing) + " more " + name + " needed";
  return text + HoldersText(cycle, task.shape, *scarce);
}

}  // namespace

std::string NeedText(Cycle& cycle, std::uint32_t gang, ResourceId resource) {
  const Request& request = cycle.RequestOf(gang);
  const std::string& name = cycle.state.Name(resource);
  const Wide all = request.least.Of(resource) + request.least_limits.Of(resource);
  std::string text = AmountText(name, Clamp(all)) + " " + name;
  if (request.sig->tasks.size() != 1) {
    return text + " (" + std::to_string(request.sig->least) + " pods)";
  }
  const std::string each = AmountText(name, Clamp(all / std::max(1, request.sig->least)));
  return text + " (" + std::to_string(request.sig->least) +
         (request.sig->least == 1 ? " pod x " : " pods x ") + each + ")";
}

Why ExplainQuota(Cycle& cycle, std::uint32_t gang, const Refusal& refusal) {
  const Gang& g = cycle.At(gang);
  const Reason reason = refusal.alone ? Reason::kExceedsMaxQuota : Reason::kWaitingForQuota;
  if (refusal.ceiling == Ceiling::kGangs) {
    return {reason, "tenant " + g.tenant + " has " + std::to_string(refusal.used) + " of at most " +
                        std::to_string(refusal.limit) + " running jobs"};
  }
  const std::string& name = cycle.state.Name(refusal.resource);
  const auto amount = [&](std::int64_t value) { return AmountText(name, value); };
  const std::string need = "needs " + NeedText(cycle, gang, refusal.resource) + "; ";
  const std::string tenant = refusal.at == 0 ? g.tenant : cycle.quota.TenantName(refusal.at);
  const std::string left = amount(std::max<std::int64_t>(0, refusal.limit - refusal.used)) +
                           " of " + amount(refusal.limit) + " left (" + amount(refusal.used) +
                           " in use)";
  switch (refusal.ceiling) {
    case Ceiling::kDevices:
      return {reason,
              need + "a job of tenant " + g.tenant + " may have at most " + amount(refusal.limit)};
    case Ceiling::kNamespace:
      return {reason, need + "the quota of namespace " + g.ns +
                          (refusal.alone ? " is " + amount(refusal.limit) : " has " + left)};
    case Ceiling::kCluster:
      return {reason, need + "the cluster has " +
                          (refusal.alone ? amount(refusal.limit) + " in all"
                                         : left + ", what is guaranteed to others apart")};
    case Ceiling::kBorrow:
      return {reason,
              need + "tenant " + tenant +
                  (refusal.alone ? " may have at most " + amount(refusal.limit) +
                                       " by its guarantee and borrowing limit"
                                 : " has " + left + " of its guarantee and borrowing limit")};
    default:
      return {reason,
              need + "tenant " + tenant +
                  (refusal.alone ? " may have at most " + amount(refusal.limit) : " has " + left)};
  }
}

Why ExplainPlace(Cycle& cycle, std::uint32_t gang) {
  const Request& request = cycle.RequestOf(gang);
  if (request.sig->replicas == 0) {
    return {Reason::kPendingEvaluation, "nothing is left to place"};
  }
  const Worst worst = FindWorst(cycle, request);
  const Wanted wanted = cycle.WantedOf(request.sig->tasks[worst.task]);
  const std::string what = TaskText(cycle.At(gang), worst.task);
  if (!worst.census.possible) {
    return {Reason::kNoMatchingNodes, CensusText(Count(cycle, wanted, true), what)};
  }
  if (!worst.census.healthy) {
    return {Reason::kNodesUnhealthy, CensusText(Count(cycle, wanted, true), what)};
  }
  const std::string kept_for = KeptFor(cycle, request);
  std::string text = Incomplete(cycle, gang, worst);
  if (kept_for.empty()) return {Reason::kGangIncomplete, std::move(text)};
  text += "; there is room, but it is kept for " + kept_for;
  return {Reason::kReservedForLater, std::move(text)};
}

}  // namespace muster::sched
