#include "sched/place.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "sched/confines.h"
#include "sched/seeker.h"

namespace muster::sched {
namespace {

// Who would start, and for how long.
struct Starting {
  std::uint32_t gang;
  const Stay& stay;
};

class Placer {
 public:
  Placer(Cycle& cycle, Trial& trial, const Starting& who, const Confines* confines)
      : cycle_(cycle),
        trial_(trial),
        gang_(who.gang),
        stay_(who.stay),
        slot_(cycle.Slot(who.gang)),
        request_(cycle.RequestOf(who.gang)),
        confines_(confines),
        counts_(request_.sig->tasks.size(), 0) {}

  bool Exactly(const std::vector<std::int32_t>& counts) {
    std::int64_t rest = 0;
    for (const std::int32_t count : counts) rest += count;
    for (std::int64_t placed = -1; rest > 0 && placed != 0; rest -= placed) {
      placed = 0;
      for (const std::uint32_t task : request_.order) {
        const std::int32_t wanted = counts[task] - counts_[task];
        const std::int32_t more = Add(task, wanted, false);
        if (more < wanted && !request_.tied) return false;
        placed += more;
      }
    }
    return rest == 0;
  }

  // As many as fit, one of each task first.
  std::int32_t AsManyAsFit() {
    std::int32_t placed = 0;
    for (const bool first : {true, false}) {
      for (std::int32_t more = -1; more != 0; placed += more) {
        more = 0;
        for (const std::uint32_t task : request_.order) {
          const std::int32_t all = request_.sig->tasks[task].replicas;
          more += Add(task, (first ? std::min(1, all) : all) - counts_[task], true);
        }
        if (!request_.tied) {
          placed += more;
          break;
        }
      }
    }
    return placed;
  }

  // These, if they are a legal start of the gang and there is room for each.
  bool AsKept(const std::vector<Place>& pods) {
    std::int64_t rest = 0;
    for (const Place& place : pods) {
      const auto index = static_cast<std::uint32_t>(place.task);
      const SigTask& task = request_.sig->tasks[index];
      cycle_.IndexOf(task.shape);
      if (Seeker(cycle_, task, nullptr, &stay_).RoomAt(place.node.value) < place.count)
        return false;
      TakeAt(index, place.node.value, place.count);
      Use(task, cycle_.state.shapes[task.shape.value], place.count);
      counts_[index] += place.count;
      if (counts_[index] > task.replicas) return false;
      rest += place.count;
    }
    return rest >= request_.sig->least && !pods.empty();
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
    if (count <= 0) return 0;
    std::int32_t placed = 0;
    Seeker seeker(cycle_, task,
                  confines_ != nullptr && confines_->tasks[index] ? confines_ : nullptr, &stay_);
    while (placed < count) {
      std::int64_t room = 0;
      const std::uint32_t row = seeker.Next(&room);
      if (row == kNoSlot) break;
      const auto here = static_cast<std::int32_t>(std::min<std::int64_t>(room, count - placed));
      TakeAt(index, row, here);
      placed += here;
    }
    Use(task, shape, placed);
    counts_[index] += placed;
    return placed;
  }

  void TakeAt(std::uint32_t index, std::uint32_t row, std::int32_t count) {
    const SigTask& task = request_.sig->tasks[index];
    const ShapeSlot& shape = cycle_.state.shapes[task.shape.value];
    trial_.Take(row, shape.request, count, shape.shape.ports, stay_.end_ms);
    trial_.Tie(row, task.ties, count);
    places_.push_back({Row{row}, static_cast<std::int32_t>(index), count});
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
  const Stay& stay_;
  const GangSlot& slot_;
  const Request& request_;
  const Confines* confines_;
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

// Anywhere; then, if its pods are to be together, in one domain after the other.
template <class Fill>
Placed Attempt(Cycle& cycle, Trial& trial, const Starting& who,
               const std::vector<std::int32_t>& counts, const Fill& fill) {
  const Trial::Mark mark = trial.Here();
  const auto attempt = [&](const Confines* confines) {
    Placer placer(cycle, trial, who, confines);
    if (fill(placer)) return placer.Take();
    trial.RollBackTo(mark);
    return Placed{};
  };
  Placed placed = attempt(nullptr);
  if (!placed.places.empty() || !cycle.RequestOf(who.gang).tied) return placed;
  for (const Confines& confines : ConfinesOf(cycle, cycle.RequestOf(who.gang), counts)) {
    placed = attempt(&confines);
    if (!placed.places.empty()) break;
  }
  return placed;
}

}  // namespace

Placed PlaceGang(Cycle& cycle, Trial& trial, std::uint32_t gang, Size size, const Stay& stay) {
  const Request& request = cycle.RequestOf(gang);
  const SigSlot& sig = *request.sig;
  ++cycle.plan.stats.trials;
  if (sig.replicas == 0) return {};
  const bool whole = size == Size::kMost || sig.least == sig.replicas;
  if (whole && QuotaAllows(cycle, gang, request.all, request.all_limits)) {
    std::vector<std::int32_t> all;
    for (const SigTask& task : sig.tasks) all.push_back(task.replicas);
    Placed placed = Attempt(cycle, trial, {gang, stay}, all,
                            [&](Placer& placer) { return placer.Exactly(all); });
    if (!placed.places.empty()) return placed;
  }
  if (sig.least == sig.replicas) return {};
  if (!QuotaAllows(cycle, gang, request.least, request.least_limits)) return {};
  return Attempt(cycle, trial, {gang, stay}, request.least_counts, [&](Placer& placer) {
    return size == Size::kLeast ? placer.Exactly(request.least_counts)
                                : placer.AsManyAsFit() >= sig.least;
  });
}

Placed PlaceAsKept(Cycle& cycle, Trial& trial, std::uint32_t gang, const std::vector<Place>& pods,
                   const Stay& stay) {
  const Request& request = cycle.RequestOf(gang);
  ++cycle.plan.stats.trials;
  if (!QuotaAllows(cycle, gang, request.least, request.least_limits)) return {};
  const Trial::Mark mark = trial.Here();
  Placer placer(cycle, trial, {gang, stay}, nullptr);
  if (placer.AsKept(pods)) return placer.Take();
  trial.RollBackTo(mark);
  return {};
}

bool Placeable(Cycle& cycle, const Request& request) {
  for (std::uint32_t t = 0; t < request.sig->tasks.size(); ++t) {
    if (request.least_counts[t] == 0) continue;
    if (!cycle.IndexOf(request.sig->tasks[t].shape).AnyFixed()) return false;
  }
  return request.sig->replicas > 0;
}

std::int64_t PlaceFitting(Cycle& cycle, Trial& trial, const Request& request) {
  std::int64_t fitting = 0;
  std::vector<std::int64_t> rest;
  for (const SigTask& task : request.sig->tasks) rest.push_back(task.replicas);
  for (std::int64_t before = -1; before != fitting;) {
    before = fitting;
    for (const std::uint32_t index : request.order) {
      const SigTask& task = request.sig->tasks[index];
      const ShapeSlot& shape = cycle.state.shapes[task.shape.value];
      Seeker seeker(cycle, task, nullptr, nullptr);
      while (rest[index] > 0) {
        std::int64_t room = 0;
        const std::uint32_t row = seeker.Next(&room);
        if (row == kNoSlot) break;
        const std::int64_t here = std::min(rest[index], room);
        trial.Take(row, shape.request, here, shape.shape.ports);
        trial.Tie(row, task.ties, here);
        rest[index] -= here;
        fitting += here;
      }
    }
    if (!request.tied) break;
  }
  return fitting;
}

std::int64_t CountFitting(Cycle& cycle, const Request& request) {
  if (request.order.size() == 1 && !request.tied) {
    const SigTask& task = request.sig->tasks[request.order[0]];
    return std::min<std::int64_t>(task.replicas, cycle.IndexOf(task.shape).TotalRoom());
  }
  Trial trial(cycle.cache.overlay, cycle.quota);
  return PlaceFitting(cycle, trial, request);
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
