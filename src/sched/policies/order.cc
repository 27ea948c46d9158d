#include "sched/policies/order.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string_view>

#include "sched/policies/classes.h"

namespace muster::sched {
namespace {

constexpr std::int64_t kLevels[] = {100, 250, 500, 750, 1000, 1250};

// One below the next level; above the highest there is no cap.
std::int64_t CapOf(std::int64_t base) {
  for (const std::int64_t level : kLevels) {
    if (base < level) return level - 1;
  }
  return std::numeric_limits<std::int32_t>::max();
}

}  // namespace

std::int64_t EffectivePriority(const Gang& gang, base::TimePoint now, const Policy& policy) {
  const std::int64_t base = gang.priority;
  if (base <= kScavenger || policy.aging_interval_ms <= 0 || policy.aging_step <= 0) return base;
  const Wide wait = Wide{now.unix_ms} - gang.pending_since.unix_ms + gang.waited_ms;
  if (wait <= 0) return base;
  const Wide aged = base + wait / policy.aging_interval_ms * policy.aging_step;
  return std::max(base, Clamp(std::min<Wide>(aged, CapOf(base))));
}

FairOrder::FairOrder(Cycle& cycle, const std::vector<std::uint32_t>& gangs) : cycle_(cycle) {
  for (const std::uint32_t id : gangs) {
    const GangSlot& slot = cycle.Slot(id);
    const Gang& gang = *slot.gang;
    const std::uint32_t rank = cycle.quota.Rank(slot.tenant);
    if (queues_.size() <= rank) queues_.resize(rank + 1);
    queues_[rank].tenant = slot.tenant;
    const std::int64_t deadline = gang.deadline.unix_ms == 0
                                      ? std::numeric_limits<std::int64_t>::max()
                                      : gang.deadline.unix_ms;
    const bool expected = cycle.policy.inner_order == InnerOrder::kExpected;
    const std::int64_t priority =
        expected ? gang.priority : EffectivePriority(gang, cycle.state.now, cycle.policy);
    queues_[rank].keys.push_back(
        {-priority, deadline, expected ? ExpectedOf(id) : 0, gang.submit.unix_ms, id});
  }
  for (std::uint32_t rank = 0; rank < queues_.size(); ++rank) {
    Sort(queues_[rank]);
    Offer(rank);
  }
}

std::int64_t FairOrder::ExpectedOf(std::uint32_t gang) {
  const std::int64_t bound = cycle_.At(gang).bound_ms;
  if (bound <= 0) return std::numeric_limits<std::int64_t>::max();
  const Wide devices = cycle_.device ? cycle_.RequestOf(gang).all.Of(*cycle_.device) : 0;
  const auto time = static_cast<std::uint64_t>(Clamp(std::max<Wide>(1, devices) * bound / 1000));
  return (std::bit_width(std::max<std::uint64_t>(1, time)) - 1) / 2;
}

void FairOrder::Sort(Queue& queue) const {
  std::sort(queue.keys.begin(), queue.keys.end(), [this](const Key& a, const Key& b) {
    const auto left = std::tie(a.minus_effective, a.deadline, a.expected, a.submit);
    const auto right = std::tie(b.minus_effective, b.deadline, b.expected, b.submit);
    return left != right ? left < right : cycle_.At(a.gang).uid < cycle_.At(b.gang).uid;
  });
  if (cycle_.policy.inner_order != InnerOrder::kExpected) return;
  if (cycle_.policy.slots == 0 || queue.keys.empty()) return;
  const auto age = [this](const Key& key) {
    const Gang& gang = cycle_.At(key.gang);
    return std::tuple(-gang.priority, gang.submit.unix_ms, std::string_view(gang.uid));
  };
  const auto oldest = std::min_element(queue.keys.begin(), queue.keys.end(),
                                       [&](const Key& a, const Key& b) { return age(a) < age(b); });
  std::rotate(queue.keys.begin(), oldest, oldest + 1);
}

void FairOrder::Offer(std::uint32_t rank) {
  Queue& queue = queues_[rank];
  if (queue.next >= queue.keys.size()) return;
  const std::uint32_t gang = queue.keys[queue.next].gang;
  const std::uint32_t sig = cycle_.Slot(gang).sig;
  if (queue.sig != sig || queue.version != cycle_.quota.version()) {
    queue.sig = sig;
    queue.version = cycle_.quota.version();
    queue.entitled = cycle_.quota.Entitled(queue.tenant, cycle_.RequestOf(gang).least);
  }
  const bool entitled = queue.entitled && cycle_.At(gang).priority > kScavenger;
  offers_.emplace(entitled ? 0 : 1, cycle_.quota.Share(queue.tenant), rank);
}

std::optional<std::uint32_t> FairOrder::Next() {
  if (taken_ != 0) Offer(taken_);  // its share is what it is after the start or hold
  if (offers_.empty()) return std::nullopt;
  taken_ = std::get<2>(*offers_.begin());
  offers_.erase(offers_.begin());
  Queue& queue = queues_[taken_];
  return queue.keys[queue.next++].gang;
}

}  // namespace muster::sched
