// The sentences of preemption: who makes room for whom, and what that costs.
#include <algorithm>
#include <map>

#include "muster/base/text.h"
#include "muster/base/time_text.h"
#include "sched/explain.h"

namespace muster::sched {
namespace {

constexpr std::size_t kMostNamed = 3;

std::string Names(const Cycle& cycle, const std::vector<std::uint32_t>& gangs) {
  std::vector<std::string> names;
  names.reserve(gangs.size());
  for (const std::uint32_t gang : gangs) names.push_back(cycle.At(gang).name);
  std::sort(names.begin(), names.end());
  const std::size_t more = names.size() > kMostNamed ? names.size() - kMostNamed : 0;
  names.resize(names.size() - more);
  return base::Join(names, ", ") + (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

// Of 2^40 to "12.5%".
std::string Percent(std::int64_t share) {
  const std::int64_t tenths = Clamp((Wide{share} * 1000 + (Wide{1} << 39)) >> 40);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "%";
}

}  // namespace

std::string NodesText(std::vector<std::string> names) {
  const std::size_t more = names.size() > kMostNamed ? names.size() - kMostNamed : 0;
  names.resize(names.size() - more);
  return base::Join(names, ", ") + (more > 0 ? " and " + std::to_string(more) + " more nodes" : "");
}

std::string WaitText(const Cycle& cycle, const Reservation& reservation,
                     const std::vector<std::uint32_t>& victims) {
  std::vector<std::string> nodes;
  for (const auto& entry : reservation.nodes) nodes.push_back(entry.first);
  std::string text = victims.empty() ? "" : "waits until " + Names(cycle, victims) + " end; ";
  return text + "its place on " + NodesText(std::move(nodes)) + " is kept until " +
         base::FormatTime(reservation.until);
}

std::string EndingText(const Cycle& cycle) {
  std::vector<std::uint32_t> ending = cycle.state.Gangs(GangState::kReleasing);
  for (const Reserved& reserved : cycle.reserved) {
    ending.insert(ending.end(), reserved.victims.begin(), reserved.victims.end());
  }
  std::sort(ending.begin(), ending.end());
  ending.erase(std::unique(ending.begin(), ending.end()), ending.end());
  return "it fits when what is ending has ended: " + Names(cycle, ending);
}

std::vector<std::int64_t> SharesOf(const Cycle& cycle, std::uint32_t gang,
                                   const std::vector<Victim>& victims) {
  std::vector<std::int64_t> shares = {cycle.quota.DominantShare(cycle.Slot(gang).tenant)};
  for (const Victim& victim : victims) {
    shares.push_back(cycle.quota.DominantShare(cycle.Slot(victim.gang).tenant));
  }
  return shares;
}

std::vector<std::int64_t> SharesWithout(Cycle& cycle, std::uint32_t gang,
                                        const std::vector<Victim>& victims) {
  const auto use = [&](Wide times) {
    for (const Victim& victim : victims) {
      const GangSlot& slot = cycle.Slot(victim.gang);
      cycle.quota.Use(slot.tenant, slot.holds, times, QuotaBook::kTotal);
    }
  };
  use(-1);
  std::vector<std::int64_t> shares = SharesOf(cycle, gang, victims);
  use(1);
  return shares;
}

std::string EvictionText(const Cycle& cycle, std::uint32_t gang, const Victim& victim,
                         std::int64_t cost_device_ms, const ShareChange& shares) {
  const Gang& p = cycle.At(gang);
  const Gang& v = cycle.At(victim.gang);
  std::string text =
      v.name + " makes room for " + p.name + " by " + std::string(ToString(victim.rule)) + ": ";
  if (victim.rule == Rule::kReclaim) {
    text += "tenant " + p.tenant + " is within its guarantee, " + v.name + " borrows";
  } else if (victim.rule == Rule::kPriority) {
    text += "priority " + std::to_string(p.priority) + " over " + std::to_string(v.priority);
  } else {
    text += "service band " + std::to_string(BandOf(cycle, gang)) + " before band " +
            std::to_string(BandOf(cycle, victim.gang));
  }
  if (!victim.broken.empty()) {
    text += victim.broken.size() == 1 ? "; against PodDisruptionBudget "
                                      : "; against PodDisruptionBudgets ";
    text += base::Join(victim.broken, ", ");
  }
  text += "; lost: " + std::to_string(cost_device_ms / 1000) + " GPU-seconds; share of tenant " +
          p.tenant + " " + Percent(shares.own_before) + " -> " + Percent(shares.own_after);
  if (p.tenant == v.tenant) return text;
  return text + ", of tenant " + v.tenant + " " + Percent(shares.victim_before) + " -> " +
         Percent(shares.victim_after);
}

Reservation ReservationFor(Cycle& cycle, std::uint32_t gang, const Placed& placed,
                           std::vector<std::pair<std::uint32_t, Vec>>& places) {
  Reservation reservation;
  for (const Place& place : placed.places) {  // by node name
    reservation.pods.push_back({cycle.state.nodes.name(place.node.value), place.task, place.count});
    if (places.empty() || places.back().first != place.node.value) {
      places.emplace_back(place.node.value, Vec{});
    }
    const auto& task = cycle.RequestOf(gang).sig->tasks[static_cast<std::size_t>(place.task)];
    for (const auto& [resource, amount] : cycle.state.shapes[task.shape.value].request) {
      AddTo(places.back().second, resource, Clamp(Wide{amount} * place.count));
    }
  }
  reservation.gang = cycle.At(gang).uid;
  for (const auto& [row, vec] : places) {
    Amounts amounts;
    for (const auto& [resource, amount] : vec) {
      amounts.emplace_back(cycle.state.Name(resource), amount);
    }
    std::sort(amounts.begin(), amounts.end());
    reservation.nodes.emplace_back(cycle.state.nodes.name(row), std::move(amounts));
  }
  return reservation;
}

}  // namespace muster::sched
