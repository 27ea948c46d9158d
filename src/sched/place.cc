#include "sched/place.h"

#include <algorithm>
#include <limits>

namespace muster::sched {
namespace {

class Placer {
 public:
  Placer(Cycle& cycle, Trial& trial, std::uint32_t gang)
      : cycle_(cycle),
        trial_(trial),
        gang_(gang),
        slot_(cycle.Slot(gang)),
        request_(cycle.RequestOf(gang)),
        counts_(request_.sig->tasks.size(), 0) {}

  bool Exactly(const std::vector<std::int32_t>& counts) {
    for (const std::uint32_t task : request_.order) {
      if (Add(task, counts[task], false) < counts[task]) return false;
    }
    return true;
  }

  // As many as fit, one of each task first.
  std::int32_t AsManyAsFit() {
    std::int32_t placed = 0;
    for (const bool first : {true, false}) {
      for (const std::uint32_t task : request_.order) {
        const std::int32_t rest = request_.sig->tasks[task].replicas - counts_[task];
        placed += Add(task, first ? std::min(1, rest) : rest, true);
      }
    }
    return placed;
  }

  Placed Take() {
    std::sort(places_.begin(), places_.end(), [&](const Place& a, const Place& b) {
      const std::string& left = cycle_.world.NodeName(a.node);
      const std::string& right = cycle_.world.NodeName(b.node);
      return left != right ? left < right : a.task < b.task;
    });
    for (const Place& place : places_) {
      if (placed_.places.empty() || placed_.places.back().node != place.node ||
          placed_.places.back().task != place.task) {
        placed_.places.push_back(place);
      } else {
        placed_.places.back().count += place.count;
      }
    }
    return std::move(placed_);
  }

 private:
  std::int64_t QuotaRoom(const SigTask& task, std::int64_t most) {
    const ShapeSlot& shape = cycle_.state.shapes[task.shape.value];
    most = cycle_.quota.Room({slot_.tenant, slot_.ns, shape.sums, task.limits}, most);
    const auto& tenant = cycle_.state.tenants[slot_.tenant].tenant;
    if (!tenant || tenant->max_devices_per_gang <= 0 || !cycle_.device) return most;
    const std::int64_t each = AmountOf(shape.request, *cycle_.device);
    if (each == 0) return most;
    const Wide left = tenant->max_devices_per_gang - cycle_.HoldsOf(gang_).Of(*cycle_.device) -
                      placed_.used.Of(*cycle_.device);
    return std::min(most, Clamp(std::max<Wide>(0, left) / each));
  }

  std::int32_t Add(std::uint32_t index, std::int32_t count, bool within_quota) {
    const SigTask& task = request_.sig->tasks[index];
    const ShapeSlot& shape = cycle_.state.shapes[task.shape.value];
    if (within_quota) count = static_cast<std::int32_t>(QuotaRoom(task, count));
    std::int32_t placed = 0;
    while (placed < count) {
      ShapeIndex& fits = cycle_.IndexOf(task.shape);
      const std::uint32_t row = fits.Best();
      if (row == kNoSlot) break;
      const auto here =
          static_cast<std::int32_t>(std::min<std::int64_t>(fits.RoomAt(row), count - placed));
      trial_.Take(row, shape.request, here, shape.shape.ports);
      places_.push_back({Row{row}, static_cast<std::int32_t>(index), here});
      placed += here;
    }
    Use(task, shape, placed);
    counts_[index] += placed;
    return placed;
  }

  void Use(const SigTask& task, const ShapeSlot& shape, std::int32_t count) {
    if (count == 0) return;
    trial_.Use(slot_.tenant, shape.sums, count, QuotaBook::kUp | QuotaBook::kTotal);
    trial_.UseNamespace(slot_.ns, shape.sums, count);
    trial_.UseNamespace(slot_.ns, task.limits, count);
    placed_.used.Add(shape.sums, count);
    placed_.limits.Add(task.limits, count);
  }

  Cycle& cycle_;
  Trial& trial_;
  const std::uint32_t gang_;
  const GangSlot& slot_;
  const Request& request_;
  std::vector<std::int32_t> counts_;  // placed, by task
  std::vector<Place> places_;
  Placed placed_;
};

bool DevicesAllowed(Cycle& cycle, std::uint32_t gang, const Sums& sums) {
  const auto& tenant = cycle.state.tenants[cycle.Slot(gang).tenant].tenant;
  if (!tenant || tenant->max_devices_per_gang <= 0 || !cycle.device) return true;
  return cycle.HoldsOf(gang).Of(*cycle.device) + sums.Of(*cycle.device) <=
         tenant->max_devices_per_gang;
}

bool QuotaAllows(Cycle& cycle, std::uint32_t gang, const Sums& sums, const Sums& limits) {
  const GangSlot& slot = cycle.Slot(gang);
  return DevicesAllowed(cycle, gang, sums) &&
         cycle.quota.WhyNot({slot.tenant, slot.ns, sums, limits}).ceiling == Ceiling::kOpen;
}

}  // namespace

Placed PlaceGang(Cycle& cycle, Trial& trial, std::uint32_t gang, Size size) {
  const Request& request = cycle.RequestOf(gang);
  const SigSlot& sig = *request.sig;
  const Trial::Mark mark = trial.Here();
  ++cycle.plan.stats.trials;
  if (sig.replicas == 0) return {};
  const bool all = size == Size::kMost || sig.least == sig.replicas;
  if (all && QuotaAllows(cycle, gang, request.all, request.all_limits)) {
    Placer placer(cycle, trial, gang);
    std::vector<std::int32_t> counts;
    for (const SigTask& task : sig.tasks) counts.push_back(task.replicas);
    if (placer.Exactly(counts)) return placer.Take();
    trial.RollBackTo(mark);
  }
  if (sig.least == sig.replicas) return {};
  if (!QuotaAllows(cycle, gang, request.least, request.least_limits)) return {};
  Placer placer(cycle, trial, gang);
  const bool enough = size == Size::kLeast ? placer.Exactly(request.least_counts)
                                           : placer.AsManyAsFit() >= sig.least;
  if (enough) return placer.Take();
  trial.RollBackTo(mark);
  return {};
}

std::int64_t CountFitting(Cycle& cycle, const Request& request) {
  Trial trial(cycle.cache.overlay, cycle.quota);
  std::int64_t fitting = 0;
  for (const std::uint32_t index : request.order) {
    const SigTask& task = request.sig->tasks[index];
    const ShapeSlot& shape = cycle.state.shapes[task.shape.value];
    std::int64_t rest = task.replicas;
    if (request.order.size() == 1) {
      return std::min(rest, cycle.IndexOf(task.shape).TotalRoom());
    }
    while (rest > 0) {
      ShapeIndex& fits = cycle.IndexOf(task.shape);
      const std::uint32_t row = fits.Best();
      if (row == kNoSlot) break;
      const std::int64_t here = std::min(rest, fits.RoomAt(row));
      trial.Take(row, shape.request, here, shape.shape.ports);
      rest -= here;
      fitting += here;
    }
  }
  return fitting;
}

Refusal RefusalOf(Cycle& cycle, std::uint32_t gang, std::int32_t ended) {
  const GangSlot& slot = cycle.Slot(gang);
  const Request& request = cycle.RequestOf(gang);
  const auto& tenant = cycle.state.tenants[slot.tenant].tenant;
  if (!DevicesAllowed(cycle, gang, request.least)) {
    return {Ceiling::kDevices, true, *cycle.device, tenant->max_devices_per_gang, 0, 0};
  }
  const Refusal refusal =
      cycle.quota.WhyNot({slot.tenant, slot.ns, request.least, request.least_limits});
  if (refusal.alone || cycle.TopsUp(gang)) return refusal;
  const std::int32_t running = cycle.RunningOf(slot.tenant) - ended;
  if (tenant && tenant->max_running_gangs > 0 && running >= tenant->max_running_gangs) {
    return {Ceiling::kGangs, false, {}, tenant->max_running_gangs, running, 0};
  }
  return refusal;
}

std::optional<ResourceId> Scarce(const Cycle& cycle, const Sums& request) {
  if (cycle.device && request.Of(*cycle.device) > 0) return cycle.device;
  const auto cpu = cycle.state.FindResource("cpu");
  if (cpu && request.Of(*cpu) > 0) return cpu;
  std::optional<ResourceId> first;
  for (const auto& [resource, amount] : request.entries()) {
    if (!first || cycle.state.Name(resource) < cycle.state.Name(*first)) first = resource;
  }
  return first;
}

}  // namespace muster::sched
