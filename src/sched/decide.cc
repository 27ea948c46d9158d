#include "sched/decide.h"

#include <algorithm>

#include "muster/base/text.h"
#include "muster/base/time_text.h"

namespace muster::sched {
namespace {

void SortBySubmit(const Cycle& cycle, std::vector<std::uint32_t>& gangs) {
  std::sort(gangs.begin(), gangs.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Gang& left = cycle.At(a);
    const Gang& right = cycle.At(b);
    return std::tie(left.submit, left.uid) < std::tie(right.submit, right.uid);
  });
}

}  // namespace

Waiting Sort(const Cycle& cycle) {
  Waiting waiting;
  std::vector<bool> reserved(cycle.state.gangs.size(), false);
  for (const Reserved& r : cycle.reserved) reserved[r.gang] = true;
  for (const std::uint32_t id : cycle.state.Gangs(GangState::kPending)) {
    const GangSlot& slot = cycle.Slot(id);
    if (slot.tenant == kNoSlot || !cycle.quota.Known(slot.tenant)) {
      waiting.tenantless.push_back(id);
    } else if (reserved[id]) {
      waiting.reserved.push_back(id);
    } else if (slot.gang->finish_first) {
      waiting.finish_first.push_back(id);
    } else {
      waiting.rest.push_back(id);
    }
  }
  SortBySubmit(cycle, waiting.finish_first);
  SortBySubmit(cycle, waiting.reserved);
  SortBySubmit(cycle, waiting.tenantless);
  return waiting;
}

Decider::Decider(Cycle& cycle, const std::vector<std::uint32_t>& rest)
    : cycle_(cycle), classes_(cycle), preemption_(cycle, classes_), slots_(cycle, classes_) {
  for (const Reserved& reserved : cycle_.reserved) Keep(reserved, 1);
  slots_.Load(rest);
}

// With sign 1, for all others: what is reserved is used, what its victims still hold is not.
void Decider::Keep(const Reserved& reserved, Wide sign) {
  const GangSlot& slot = cycle_.Slot(reserved.gang);
  Trial trial(cycle_.cache.overlay, cycle_.quota);
  for (const auto& [row, vec] : reserved.extra) {
    trial.Take(row, vec, static_cast<std::int64_t>(sign), {});
  }
  // Which of its tasks goes to which of the nodes is not settled: any may go to any.
  for (const auto& [row, vec] : reserved.places) {
    for (const SigTask& task : cycle_.state.sigs[slot.sig].tasks) {
      trial.Tie(row, task.ties, static_cast<std::int64_t>(sign), TieCounts::Presence::kExpected);
    }
  }
  trial.Keep();
  ++changes_;
  cycle_.quota.Use(slot.tenant, reserved.amounts, sign, QuotaBook::kUp | QuotaBook::kTotal);
  cycle_.quota.UseNamespace(slot.ns, reserved.amounts, sign);
  for (const std::uint32_t id : reserved.victims) {
    cycle_.quota.Use(cycle_.Slot(id).tenant, cycle_.Slot(id).holds, -sign, QuotaBook::kUp);
  }
  cycle_.CountStart(slot.tenant, static_cast<std::int32_t>(sign));
}

Reserved* Decider::FindReserved(std::uint32_t gang) {
  for (Reserved& reserved : cycle_.reserved) {
    if (reserved.gang == gang) return &reserved;
  }
  return nullptr;
}

// Whether gangs that nobody has asked to end run where the place is kept, so that it cannot come
// free: as it is when a leader died before it could say so to them.
bool Decider::IsTaken(const Reserved& reserved) const {
  std::map<std::uint32_t, Sums> short_of;  // by row: kept and running, less allocatable
  for (const auto& [row, vec] : reserved.places) short_of[row].Add(vec, 1);
  for (const std::uint32_t gang : cycle_.state.Gangs(GangState::kRunning)) {
    for (const std::uint32_t id : cycle_.Slot(gang).occupants) {
      const OccupantSlot& occupant = cycle_.state.occupants[id];
      const auto it = short_of.find(occupant.node);
      if (it != short_of.end()) it->second.Add(occupant.amounts, 1);
    }
  }
  for (const auto& [row, vec] : reserved.places) {
    for (const auto& [resource, amount] : vec) {
      const std::int64_t most = cycle_.state.AllocatableOf(resource, row);
      if (amount > 0 && short_of[row].Of(resource) > most) return true;
    }
  }
  return false;
}

Decider::Key Decider::KeyOf(std::uint32_t gang) const {
  const GangSlot& slot = cycle_.Slot(gang);
  const bool tops_up = cycle_.TopsUp(gang);
  const Wide held = tops_up && cycle_.device ? cycle_.HoldsOf(gang).Of(*cycle_.device) : 0;
  return {slot.sig, slot.tenant, slot.ns, RankOf(cycle_, gang), slot.gang->bound_ms,
          tops_up,  Clamp(held)};
}

void Decider::HoldWithoutTenant(std::uint32_t gang) {
  const std::string& tenant = cycle_.At(gang).tenant;
  cycle_.Hold(gang, Reason::kNoTenant,
              cycle_.AddText(tenant.empty() ? "its namespace belongs to no tenant"
                                            : "tenant " + tenant + " does not exist"));
}

void Decider::Decide(std::uint32_t gang) {
  ++cycle_.plan.stats.gangs_considered;
  if (preemption_.IsEnding(cycle_.BaseOf(gang))) {
    cycle_.Hold(gang, Reason::kPendingEvaluation, cycle_.AddText("it is being evicted"));
    return;
  }
  const Key key = KeyOf(gang);
  const auto it = slots_.Find(gang) == nullptr ? held_.find(key) : held_.end();
  if (it != held_.end()) {
    ++cycle_.plan.stats.memo_hits;
    cycle_.Hold(gang, it->second.first, it->second.second);
    return;
  }
  const Refusal refusal = RefusalOf(cycle_, gang);
  slots_.Withdraw(gang);
  if (refusal.ceiling == Ceiling::kOpen && TryStart(gang)) {
    GiveUpSlot();
    return;
  }
  Room room;
  // What tops up a gang that runs never evicts.
  if (!refusal.alone && !cycle_.TopsUp(gang)) {
    room = preemption_.FindRoom(gang, slots_.StayOf(gang));
  }
  if (room.kind == Room::Kind::kEvict) {
    GiveUpSlot();
    MakeRoom(gang, std::move(room));
    return;
  }
  refusal.alone ? GiveUpSlot() : KeepSlot(gang);
  if (room.kind == Room::Kind::kLimited || room.untried) WakeAt(cycle_.state.now.unix_ms + 1000);
  if (room.next_unprotected_ms > 0) WakeAt(room.next_unprotected_ms);
  const Why why = ExplainHold(gang, refusal, room);
  const std::uint32_t text = cycle_.AddText(why.text);
  held_[key] = {why.reason, text};
  const TimedPlace* slot = slots_.Find(gang);
  cycle_.Hold(gang, why.reason,
              slot == nullptr ? text : cycle_.AddText(why.text + "; " + SlotText(*slot)));
}

// A slot that its gang could not use when it was time does not come again.
void Decider::KeepSlot(std::uint32_t gang) {
  const TimedPlace* slot = slots_.Find(gang);
  if (slot != nullptr && slot->from_ms > cycle_.state.now.unix_ms) {
    slots_.Restore();
    return;
  }
  GiveUpSlot();
  slots_.Grant(gang);
}

// Those who were held because of it look again.
void Decider::GiveUpSlot() {
  if (slots_.Drop()) WakeAt(cycle_.state.now.unix_ms + 1);
}

std::string Decider::SlotText(const TimedPlace& slot) const {
  std::vector<std::string> nodes;
  for (const auto& [row, vec] : slot.places) {
    nodes.push_back(cycle_.world.NodeName(Row{row}));
  }
  return "a place on " + NodesText(std::move(nodes)) + " is kept for it from " +
         base::FormatTime({slot.from_ms}) +
         (slot.certain ? ", when all that is there must have ended"
                       : ", when what is there may have ended");
}

void Decider::DecideReserved(std::uint32_t gang) {
  ++cycle_.plan.stats.gangs_considered;
  const Reserved reserved = *FindReserved(gang);
  const bool entitled = classes_.Entitled(gang);
  Keep(reserved, -1);
  if (entitled) {
    cycle_.quota.Use(cycle_.Slot(gang).tenant, reserved.amounts, -1, QuotaBook::kEntitled);
  }
  if (RefusalOf(cycle_, gang).ceiling == Ceiling::kOpen && TryStart(gang)) {
    std::erase_if(cycle_.reserved, [&](const Reserved& r) { return r.gang == gang; });
    return;
  }
  // Asked when no victim ends any more, because it goes over all that runs.
  if (reserved.victims.empty() && IsTaken(reserved)) {  // the search starts anew
    std::erase_if(cycle_.reserved, [&](const Reserved& r) { return r.gang == gang; });
    Decide(gang);
    return;
  }
  if (entitled) {
    cycle_.quota.Use(cycle_.Slot(gang).tenant, reserved.amounts, 1, QuotaBook::kEntitled);
  }
  Keep(reserved, 1);
  WakeAt(reserved.reservation->until.unix_ms);
  cycle_.plan.reservations.push_back(*reserved.reservation);
  cycle_.Hold(gang, Reason::kWaitingForPreemptedWorkloads,
              cycle_.AddText(WaitText(cycle_, *reserved.reservation, reserved.victims)));
}

// The nodes say the same to all tenants.
const Why& Decider::ExplainNodes(std::uint32_t gang) {
  const auto [it, fresh] = unplaced_.try_emplace(cycle_.Slot(gang).sig);
  if (fresh || it->second.first != changes_) {
    it->second = {changes_, ExplainPlace(cycle_, gang)};
  }
  return it->second.second;
}

// Where the cluster itself is too full, the nodes tell more than the sum does.
Why Decider::ExplainHold(std::uint32_t gang, const Refusal& refusal, const Room& room) {
  if (room.kind == Room::Kind::kEnding) {
    return {Reason::kWaitingForPreemptedWorkloads, EndingText(cycle_)};
  }
  Why why;
  const Request& request = cycle_.RequestOf(gang);
  const bool by_nodes = refusal.ceiling == Ceiling::kOpen ||
                        (refusal.ceiling == Ceiling::kCluster && !refusal.alone &&
                         CountFitting(cycle_, request) < request.sig->least);
  why = by_nodes ? ExplainNodes(gang) : ExplainQuota(cycle_, gang, refusal);
  if (room.kind == Room::Kind::kLimited) {
    why.text += "; room can be made, but no more evictions are allowed at this time";
  }
  if (by_nodes && why.reason == Reason::kGangIncomplete && !slots_.slots().empty() &&
      CountFitting(cycle_, request) >= request.sig->least) {
    why = ExplainSlots(gang);
  }
  if (room.protections.empty()) return why;
  if (why.reason == Reason::kReservedForLater) return why;
  if (room.only_max_preemptions) why.reason = Reason::kMaxPreemptionsReached;
  why.text += "; nothing is evicted for it: " + room.protections;
  return why;
}

// It would fit now.
Why Decider::ExplainSlots(std::uint32_t gang) {
  const TimedPlace* slot = slots_.Keeper(gang);
  if (slot == nullptr) return {Reason::kReservedForLater, "what it needs is kept for others"};
  std::string text = "there is room, but from " + base::FormatTime({slot->from_ms}) +
                     " it is kept for " + cycle_.At(slot->gang).name + ", and ";
  const Gang& g = cycle_.At(gang);
  text += g.bound_ms > 0 ? "it may run longer" : "how long it runs has no bound";
  const std::int64_t left = (slot->from_ms - cycle_.state.now.unix_ms - g.grace_ms) / 1000;
  if (left > 0) {
    text += "; with maxRuntimeSeconds of at most " + std::to_string(left) + " it would start now";
  }
  return {Reason::kReservedForLater, std::move(text)};
}

bool Decider::TryStart(std::uint32_t gang) {
  const Stay stay = slots_.StayOf(gang);
  const auto begins = [&](Trial& trial, Placed placed) {
    if (placed.places.empty() || slots_.LosesQuota(gang, placed, stay) != nullptr) return false;
    trial.Keep();
    slots_.Begun(gang, placed, stay);
    Begin(gang, std::move(placed));
    return true;
  };
  {
    Trial trial(cycle_.cache.overlay, cycle_.quota);
    if (begins(trial, PlaceGang(cycle_, trial, gang, Size::kMost, stay))) return true;
  }
  // What is above the least may be what slots need of the quota.
  const SigSlot& sig = *cycle_.RequestOf(gang).sig;
  if (!slots_.slots().empty() && sig.least < sig.replicas) {
    Trial trial(cycle_.cache.overlay, cycle_.quota);
    if (begins(trial, PlaceGang(cycle_, trial, gang, Size::kLeast, stay))) return true;
  }
  // The place that is kept for it may be one that the search does not find again.
  const std::vector<Place> kept = KeptPodsOf(gang);
  if (kept.empty()) return false;
  Trial trial(cycle_.cache.overlay, cycle_.quota);
  return begins(trial, PlaceAsKept(cycle_, trial, gang, kept, stay));
}

std::vector<Place> Decider::KeptPodsOf(std::uint32_t gang) {
  if (const TimedPlace* slot = slots_.Find(gang)) return slot->pods;
  const Reserved* reserved = FindReserved(gang);
  return reserved == nullptr ? std::vector<Place>{} : reserved->pods;
}

void Decider::Begin(std::uint32_t gang, Placed placed) {
  const GangSlot& slot = cycle_.Slot(gang);
  cycle_.quota.Use(slot.tenant, placed.used, -1, QuotaBook::kUp);
  const bool entitled =
      slot.gang->priority > kScavenger && cycle_.quota.Entitled(slot.tenant, placed.used);
  cycle_.quota.Use(slot.tenant, placed.used, 1,
                   QuotaBook::kUp | (entitled ? QuotaBook::kEntitled : 0U));
  if (!cycle_.TopsUp(gang)) cycle_.CountStart(slot.tenant);
  preemption_.Spare(gang);
  ++changes_;
  cycle_.plan.starts.push_back({GangId{gang}, std::move(placed.places), !entitled});
}

void Decider::MakeRoom(std::uint32_t gang, Room room) {
  Reserved reserved;
  reserved.gang = gang;
  reserved.amounts = room.placed.used;
  std::int64_t grace = 0;
  for (const Victim& victim : room.victims) {
    reserved.victims.push_back(victim.gang);
    grace = std::max(grace, cycle_.At(victim.gang).grace_ms);
  }
  const std::vector<std::int64_t> before = SharesOf(cycle_, gang, room.victims);
  Reservation reservation = ReservationFor(cycle_, gang, room.placed, reserved.places);
  reservation.until.unix_ms =
      Clamp(Wide{cycle_.state.now.unix_ms} + grace + cycle_.policy.reservation_slack_ms);
  reserved.extra = ExtraOf(cycle_.state, reserved.places, reserved.victims);
  for (const Victim& victim : room.victims) {
    preemption_.Evict(victim.gang);
    if (!classes_.Entitled(victim.gang)) continue;
    const GangSlot& slot = cycle_.Slot(victim.gang);
    cycle_.quota.Use(slot.tenant, slot.holds, -1, QuotaBook::kEntitled);
  }
  Keep(reserved, 1);
  if (room.entitled) {
    cycle_.quota.Use(cycle_.Slot(gang).tenant, reserved.amounts, 1, QuotaBook::kEntitled);
  }
  const std::vector<std::int64_t> after = SharesWithout(cycle_, gang, room.victims);
  for (std::size_t i = 0; i < room.victims.size(); ++i) {
    const Victim& victim = room.victims[i];
    const ShareChange shares{before[0], after[0], before[i + 1], after[i + 1]};
    cycle_.plan.evictions.push_back(
        {GangId{victim.gang}, GangId{gang}, victim.rule,
         EvictionText(cycle_, gang, victim, preemption_.Cost(victim.gang), shares)});
  }
  preemption_.CountEvictions(static_cast<std::int64_t>(room.victims.size()));
  WakeAt(reservation.until.unix_ms);
  cycle_.Hold(gang, Reason::kWaitingForPreemptedWorkloads,
              cycle_.AddText(WaitText(cycle_, reservation, reserved.victims)));
  cycle_.plan.reservations.push_back(std::move(reservation));
  cycle_.reserved.push_back(std::move(reserved));
}

void Decider::WakeAt(std::int64_t unix_ms) {
  base::TimePoint& wake = cycle_.plan.wake_at;
  if (wake.unix_ms == 0 || unix_ms < wake.unix_ms) wake.unix_ms = unix_ms;
}

// Whoever waits may evict more then.
void Decider::WakeAtNextBand() {
  if (cycle_.plan.holds.empty() || !cycle_.policy.preemption) return;
  for (const std::uint32_t gang : cycle_.state.Gangs(GangState::kRunning)) {
    if (const std::int64_t at = NextBandMs(cycle_, gang); at > 0) WakeAt(at);
  }
}

void Decider::Finish() {
  WakeAtNextBand();
  if (slots_.displaced()) WakeAt(cycle_.state.now.unix_ms + 1);
  for (const TimedPlace& slot : slots_.slots()) {
    WakeAt(slot.from_ms);
    cycle_.plan.reservations.push_back(slots_.ToReservation(slot));
  }
  std::sort(cycle_.plan.reservations.begin(), cycle_.plan.reservations.end(),
            [](const Reservation& a, const Reservation& b) { return a.gang < b.gang; });
}

}  // namespace muster::sched
