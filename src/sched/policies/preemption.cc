#include "sched/policies/preemption.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "muster/base/text.h"
#include "muster/base/time_text.h"
#include "sched/policies/depart.h"

namespace muster::sched {
namespace {

constexpr std::size_t kMostNamed = 4;
constexpr std::int64_t kLongest = std::int64_t{1} << 48;  // ms that count as cost

bool Unruled(const Cycle& cycle) { return cycle.policy.preemption_rules == PreemptionRules::kNone; }

}  // namespace

void Preemption::Mark(std::vector<bool>& marks, std::uint32_t gang) {
  if (marks.size() <= gang) marks.resize(gang + 1, false);
  marks[gang] = true;
}

bool Preemption::IsVictim(std::uint32_t gang, std::uint32_t victim, Mode mode, Rule* rule) const {
  const Gang& v = cycle_.At(victim);
  *rule = Rule::kPriority;
  if (Unruled(cycle_)) return true;
  const bool borrows = !classes_.Entitled(victim);
  const bool own = cycle_.Slot(gang).tenant == cycle_.Slot(victim).tenant;
  if (own && RankOf(cycle_, victim) >= RankOf(cycle_, gang)) return false;
  const bool by_priority =
      own && v.victim_policy != VictimPolicy::kReclaim && (borrows || mode == Mode::kEntitled);
  const bool equal = v.priority == cycle_.At(gang).priority;
  *rule = !by_priority ? Rule::kReclaim : equal ? Rule::kLeastAttained : Rule::kPriority;
  return by_priority || (borrows && mode == Mode::kEntitled);
}

std::string Preemption::ProtectionOf(const Gang& victim) const {
  if (!victim.evictable) return "not evictable";
  if (victim.preemptions >= victim.max_preemptions) {
    return "preempted " + std::to_string(victim.preemptions) + " times, the most it allows";
  }
  if (victim.protected_until > cycle_.state.now) {
    return "protected until " + base::FormatTime(victim.protected_until);
  }
  return "";
}

std::int64_t Preemption::Cost(std::uint32_t gang) const {
  if (!cycle_.device) return 0;
  const std::int64_t age = std::clamp<std::int64_t>(
      cycle_.state.now.unix_ms - cycle_.At(gang).started.unix_ms, 0, kLongest);
  return Clamp(std::max<Wide>(0, Clamp(cycle_.Slot(gang).holds.Of(*cycle_.device))) * age);
}

void Preemption::FillPools() const {
  if (filled_) return;
  filled_ = true;
  for (const GangState state : {GangState::kRunning, GangState::kPending}) {
    for (const std::uint32_t id : cycle_.state.Gangs(state)) {
      const GangSlot& slot = cycle_.Slot(id);
      if (slot.holds.empty() || slot.tenant == kNoSlot || !cycle_.quota.Known(slot.tenant))
        continue;
      of_tenant_[slot.tenant].push_back(id);
      if (!classes_.Entitled(id) || Unruled(cycle_)) borrowers_.push_back(id);
    }
  }
  for (auto& [tenant, gangs] : of_tenant_) {
    std::sort(gangs.begin(), gangs.end(), [&](std::uint32_t a, std::uint32_t b) {
      return RankOf(cycle_, a) < RankOf(cycle_, b);
    });
  }
}

void Preemption::Consider(std::uint32_t gang, std::uint32_t victim, Mode mode, bool with_protected,
                          std::vector<Candidate>& candidates) const {
  Candidate candidate;
  if (victim == gang || Marked(spared_, victim) || Marked(ending_, victim)) return;
  if (!IsVictim(gang, victim, mode, &candidate.victim.rule)) return;
  if (!with_protected && !ProtectionOf(cycle_.At(victim)).empty()) return;
  candidate.victim.gang = victim;
  candidates.push_back(candidate);
}

// Those that go against no budget, also all together, stay in front in their order.
void Preemption::PutViolatorsLast(std::vector<Candidate>& candidates) const {
  if (cycle_.state.budgets.empty()) return;
  Budgets left = budgets_;
  for (Candidate& candidate : candidates) {
    const Gang& v = cycle_.At(candidate.victim.gang);
    candidate.violations = left.Violations(v);
    if (candidate.violations == 0) left.Spend(v);
  }
  std::stable_sort(
      candidates.begin(), candidates.end(),
      [](const Candidate& a, const Candidate& b) { return a.violations < b.violations; });
}

std::vector<Preemption::Candidate> Preemption::Candidates(std::uint32_t gang, Mode mode,
                                                          bool with_protected) const {
  FillPools();
  const std::uint32_t tenant = cycle_.Slot(gang).tenant;
  std::vector<Candidate> candidates;
  if (const auto it = of_tenant_.find(tenant); it != of_tenant_.end()) {
    for (const std::uint32_t id : it->second) {
      if (RankOf(cycle_, id) >= RankOf(cycle_, gang) && !Unruled(cycle_)) break;
      Consider(gang, id, mode, with_protected, candidates);
    }
  }
  if (mode == Mode::kEntitled || Unruled(cycle_)) {
    for (const std::uint32_t id : borrowers_) {
      if (cycle_.Slot(id).tenant != tenant) Consider(gang, id, mode, with_protected, candidates);
    }
  }
  const Request& request = cycle_.RequestOf(gang);
  const auto scarce = Scarce(cycle_, request.least);
  for (Candidate& candidate : candidates) {
    if (scarce) candidate.units = cycle_.UnitsOf(candidate.victim.gang, request, *scarce);
    if (candidate.units > 0) {
      candidate.cost = Wide{Cost(candidate.victim.gang)} * 1000 / candidate.units;
    }
  }
  const auto key = [&](const Candidate& c) {
    const Gang& v = cycle_.At(c.victim.gang);
    return std::tuple<bool, Wide, Rank, std::int64_t, const std::string&>(
        c.units == 0, c.cost, RankOf(cycle_, c.victim.gang), -v.started.unix_ms, v.uid);
  };
  std::sort(candidates.begin(), candidates.end(),
            [&](const Candidate& a, const Candidate& b) { return key(a) < key(b); });
  PutViolatorsLast(candidates);
  return candidates;
}

std::int32_t Preemption::RemoveEnding(Trial& trial, std::uint32_t tenant) const {
  std::vector<bool> passed_on;
  std::int32_t of_tenant = 0;
  for (const Reserved& reserved : cycle_.reserved) {
    DepartVictims(cycle_, trial, reserved);
    for (const std::uint32_t id : reserved.victims) {
      Mark(passed_on, id);
      of_tenant += cycle_.Slot(id).tenant == tenant ? 1 : 0;
    }
  }
  for (const std::uint32_t id : cycle_.state.Gangs(GangState::kReleasing)) {
    if (Marked(passed_on, id)) continue;
    Depart(cycle_, classes_, trial, id);
    of_tenant += cycle_.Slot(id).tenant == tenant ? 1 : 0;
  }
  return of_tenant;
}

bool Preemption::Holds(std::uint32_t gang, Mode mode, const std::vector<Candidate>& candidates,
                       Placed* placed) {
  const GangSlot& slot = cycle_.Slot(gang);
  Trial trial(cycle_.cache.overlay, cycle_.quota);
  std::int32_t ended = RemoveEnding(trial, slot.tenant);
  work_ += cycle_.state.nodes.size();
  for (const Candidate& candidate : candidates) {
    Depart(cycle_, classes_, trial, candidate.victim.gang);
    ended += cycle_.Slot(candidate.victim.gang).tenant == slot.tenant ? 1 : 0;
    work_ += static_cast<std::int64_t>(cycle_.Slot(candidate.victim.gang).occupants.size());
  }
  const Request& request = cycle_.RequestOf(gang);
  if (mode == Mode::kEntitled && !cycle_.quota.Entitled(slot.tenant, request.least)) return false;
  if (RefusalOf(cycle_, gang, ended).ceiling != Ceiling::kOpen) return false;
  *placed = PlaceGang(cycle_, trial, gang, Size::kLeast, stay_);
  return !placed->places.empty();
}

// Those that do not touch the place go at once if they can; then each, the dearest first.
void Preemption::Shrink(std::uint32_t gang, Mode mode, std::vector<Candidate>& set,
                        Placed& placed) {
  std::vector<Candidate> touching;
  for (const Candidate& candidate : set) {
    if (cycle_.Touches(candidate.victim.gang, placed.places)) touching.push_back(candidate);
  }
  Placed other;
  if (touching.size() < set.size() && Holds(gang, mode, touching, &other)) {
    set = std::move(touching);
    placed = std::move(other);
  }
  for (std::size_t i = set.size(); i-- > 0 && set.size() > 1 && work_ < cycle_.policy.work_limit;) {
    std::vector<Candidate> less = set;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    if (!Holds(gang, mode, less, &other)) continue;
    set = std::move(less);
    placed = std::move(other);
  }
}

bool Preemption::NeverEntitled(std::uint32_t gang) {
  return cycle_.At(gang).priority <= kScavenger ||
         !cycle_.quota.Stated(cycle_.Slot(gang).tenant, cycle_.RequestOf(gang).least);
}

// Whether pods of the victim are in a set that the gang's pods must join: without them it may fit
// nowhere, so that more victims are not always better.
bool Preemption::IsJoined(std::uint32_t gang, std::uint32_t victim) const {
  for (const SigTask& task : cycle_.RequestOf(gang).sig->tasks) {
    if (task.ties == kNoSlot) continue;
    for (const std::uint32_t term : cycle_.state.ties.At(task.ties).joins) {
      const std::uint32_t set = cycle_.state.ties.Term(term).set;
      for (const std::uint32_t id : cycle_.Slot(victim).occupants) {
        const std::uint32_t ties = cycle_.state.occupants[id].ties;
        if (ties != kNoSlot && cycle_.state.ties.At(ties).IsIn(set)) return true;
      }
    }
  }
  return false;
}

// Candidates without which the gang fits: all; or all but those that it may join, or one of these;
// empty: none of that.
std::vector<Preemption::Candidate> Preemption::Enough(std::uint32_t gang, Mode mode,
                                                      std::vector<Candidate> all, Placed* placed) {
  if (all.empty() || Holds(gang, mode, all, placed)) return all;
  if (!cycle_.RequestOf(gang).tied) return {};
  std::vector<Candidate> others = all;
  std::erase_if(others, [&](const Candidate& c) { return IsJoined(gang, c.victim.gang); });
  if (others.size() == all.size()) return {};
  if (!others.empty() && Holds(gang, mode, others, placed)) return others;
  for (std::size_t i = all.size(); i-- > 0 && work_ < cycle_.policy.work_limit;) {
    if (!IsJoined(gang, all[i].victim.gang)) continue;
    std::vector<Candidate> but_one = all;
    but_one.erase(but_one.begin() + static_cast<std::ptrdiff_t>(i));
    if (!but_one.empty() && Holds(gang, mode, but_one, placed)) return but_one;
  }
  return {};
}

Room Preemption::Search(std::uint32_t gang, Mode mode) {
  Room room;
  const std::vector<Candidate> all =
      Enough(gang, mode, Candidates(gang, mode, false), &room.placed);
  if (all.empty()) return room;
  const auto prefix = [&](std::size_t n) {
    return std::vector<Candidate>(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
  };
  std::size_t low = 1, high = all.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    Placed placed;
    if (Holds(gang, mode, prefix(middle), &placed)) {
      high = middle;
      room.placed = std::move(placed);
    } else {
      low = middle + 1;
    }
  }
  std::vector<Candidate> set = prefix(high);
  Shrink(gang, mode, set, room.placed);
  Budgets left = budgets_;
  for (Candidate& candidate : set) {
    const Gang& v = cycle_.At(candidate.victim.gang);
    candidate.victim.broken = left.BrokenBy(v);
    left.Spend(v);
    room.victims.push_back(std::move(candidate.victim));
  }
  const auto count = static_cast<std::int64_t>(set.size());
  const bool too_many =
      evictions_ > 0 && evictions_ + count > cycle_.policy.max_evictions_per_cycle;
  room.kind = too_many ? Room::Kind::kLimited : Room::Kind::kEvict;
  room.entitled = mode == Mode::kEntitled;
  return room;
}

// Would there be room without the protections?  Then they are what people must know.
void Preemption::TryWithProtected(std::uint32_t gang, Room& room) {
  for (const Mode mode : {Mode::kEntitled, Mode::kBorrowing}) {
    if (mode == Mode::kEntitled && NeverEntitled(gang)) continue;
    std::vector<Candidate> all = Candidates(gang, mode, true);
    // Where none is protected the search has looked at them all.
    if (std::none_of(all.begin(), all.end(), [this](const Candidate& c) {
          return !ProtectionOf(cycle_.At(c.victim.gang)).empty();
        })) {
      continue;
    }
    Placed placed;
    all = Enough(gang, mode, std::move(all), &placed);
    std::vector<std::string> names;
    std::size_t more = 0;
    room.only_max_preemptions = true;
    for (const Candidate& candidate : all) {
      const Gang& v = cycle_.At(candidate.victim.gang);
      const std::string protection = ProtectionOf(v);
      if (protection.empty()) continue;
      const bool reached = v.evictable && v.preemptions >= v.max_preemptions;
      room.only_max_preemptions = room.only_max_preemptions && reached;
      const std::int64_t until = v.protected_until.unix_ms;
      if (v.evictable && !reached &&
          (room.next_unprotected_ms == 0 || until < room.next_unprotected_ms)) {
        room.next_unprotected_ms = until;
      }
      if (names.size() < kMostNamed)
        names.push_back(v.name + " is " + protection);
      else
        ++more;
    }
    if (names.empty()) continue;
    room.protections = base::Join(names, ", ");
    if (more > 0) room.protections += ", " + std::to_string(more) + " more are protected";
    return;
  }
  room.only_max_preemptions = false;
  room.next_unprotected_ms = 0;
}

Room Preemption::FindRoom(std::uint32_t gang, const Stay& stay) {
  Room room;
  stay_ = stay;
  const Request& request = cycle_.RequestOf(gang);
  if (!Placeable(cycle_, request)) return room;
  const bool ending = evictions_ > 0 || !cycle_.state.Gangs(GangState::kReleasing).empty();
  if (ending && Holds(gang, Mode::kBorrowing, {}, &room.placed)) {
    room.kind = Room::Kind::kEnding;
    return room;
  }
  room.untried = cycle_.policy.preemption && work_ >= cycle_.policy.work_limit;
  if (!cycle_.policy.preemption || room.untried) return room;
  if (!NeverEntitled(gang) && cycle_.quota.Entitled(cycle_.Slot(gang).tenant, request.least)) {
    room = Search(gang, Mode::kEntitled);
  } else {
    room = Search(gang, Mode::kBorrowing);
    if (room.kind == Room::Kind::kNowhere && !NeverEntitled(gang)) {
      room = Search(gang, Mode::kEntitled);
    }
  }
  if (room.kind == Room::Kind::kNowhere) TryWithProtected(gang, room);
  return room;
}

}  // namespace muster::sched
