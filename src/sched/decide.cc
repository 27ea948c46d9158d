#include "sched/decide.h"

#include <algorithm>

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
  const auto has_reservation = [&](const Gang& gang) {
    const auto it = std::lower_bound(
        cycle.reserved.begin(), cycle.reserved.end(), gang.uid,
        [](const Reserved& r, const std::string& uid) { return r.reservation->gang < uid; });
    return it != cycle.reserved.end() && it->reservation->gang == gang.uid;
  };
  for (const std::uint32_t id : cycle.state.Gangs(GangState::kPending)) {
    const GangSlot& slot = cycle.Slot(id);
    if (slot.tenant == kNone || !cycle.quota.Known(slot.tenant)) {
      waiting.tenantless.push_back(id);
    } else if (slot.gang->finish_first) {
      waiting.finish_first.push_back(id);
    } else if (has_reservation(*slot.gang)) {
      waiting.reserved.push_back(id);
    } else {
      waiting.rest.push_back(id);
    }
  }
  SortBySubmit(cycle, waiting.finish_first);
  SortBySubmit(cycle, waiting.reserved);
  SortBySubmit(cycle, waiting.tenantless);
  return waiting;
}

Decider::Key Decider::KeyOf(std::uint32_t gang) const {
  const GangSlot& slot = cycle_.Slot(gang);
  return {slot.sig, slot.tenant, slot.ns, slot.gang->priority, slot.occupants.empty()};
}

void Decider::HoldWithoutTenant(std::uint32_t gang) {
  const std::string& tenant = cycle_.At(gang).tenant;
  cycle_.Hold(gang, Reason::kNoTenant,
              cycle_.AddText(tenant.empty() ? "its namespace belongs to no tenant"
                                            : "tenant " + tenant + " does not exist"));
}

void Decider::Decide(std::uint32_t gang) {
  ++cycle_.plan.stats.gangs_considered;
  const Key key = KeyOf(gang);
  if (const auto it = held_.find(key); it != held_.end()) {
    ++cycle_.plan.stats.memo_hits;
    cycle_.Hold(gang, it->second.first, it->second.second);
    return;
  }
  const Refusal refusal = RefusalOf(cycle_, gang);
  if (refusal.ceiling == Ceiling::kOpen && TryStart(gang)) return;
  const Why why = ExplainHold(gang, refusal);
  const std::uint32_t text = cycle_.AddText(why.text);
  held_[key] = {why.reason, text};
  cycle_.Hold(gang, why.reason, text);
}

// Where the cluster itself is too full, the nodes tell more than the sum does.
Why Decider::ExplainHold(std::uint32_t gang, const Refusal& refusal) {
  if (refusal.ceiling == Ceiling::kOpen) return ExplainPlace(cycle_, gang);
  if (refusal.ceiling == Ceiling::kCluster && !refusal.alone) {
    const Request& request = cycle_.RequestOf(gang);
    if (CountFitting(cycle_, request) < request.sig->least) return ExplainPlace(cycle_, gang);
  }
  return ExplainQuota(cycle_, gang, refusal);
}

bool Decider::TryStart(std::uint32_t gang) {
  Trial trial(cycle_.cache.overlay, cycle_.quota);
  Placed placed = PlaceGang(cycle_, trial, gang, Size::kMost);
  if (placed.places.empty()) return false;
  trial.Keep();
  Begin(gang, std::move(placed));
  return true;
}

void Decider::Begin(std::uint32_t gang, Placed placed) {
  const GangSlot& slot = cycle_.Slot(gang);
  cycle_.quota.Use(slot.tenant, placed.used, -1, QuotaBook::kUp);
  const bool entitled = cycle_.quota.Entitled(slot.tenant, placed.used);
  cycle_.quota.Use(slot.tenant, placed.used, 1,
                   QuotaBook::kUp | (entitled ? QuotaBook::kEntitled : 0U));
  if (slot.occupants.empty()) cycle_.CountStart(slot.tenant);
  cycle_.plan.starts.push_back({GangId{gang}, std::move(placed.places), !entitled});
}

void Decider::Finish() {}

}  // namespace muster::sched
