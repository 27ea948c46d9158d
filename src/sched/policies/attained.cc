#include "sched/policies/attained.h"

#include <algorithm>

namespace muster::sched {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kBands[] = {kHourMs, 10 * kHourMs, 100 * kHourMs};  // device-ms

Wide DevicesOf(const Cycle& cycle, std::uint32_t gang) {
  return cycle.device ? std::max<Wide>(0, cycle.Slot(gang).holds.Of(*cycle.device)) : 0;
}

Wide AttainedMs(const Cycle& cycle, std::uint32_t gang) {
  const Gang& g = cycle.At(gang);
  const Wide age = std::max<Wide>(0, Wide{cycle.state.now.unix_ms} - g.started.unix_ms);
  return g.attained_ms + DevicesOf(cycle, gang) * age;
}

}  // namespace

std::int32_t BandOf(const Cycle& cycle, std::uint32_t gang) {
  if (!cycle.At(gang).least_attained) return 0;
  const Wide attained = AttainedMs(cycle, gang);
  return static_cast<std::int32_t>(std::count_if(
      std::begin(kBands), std::end(kBands), [&](std::int64_t least) { return attained >= least; }));
}

std::int64_t NextBandMs(const Cycle& cycle, std::uint32_t gang) {
  if (!cycle.At(gang).least_attained) return 0;
  const Wide devices = DevicesOf(cycle, gang);
  const auto band = static_cast<std::size_t>(BandOf(cycle, gang));
  if (devices == 0 || band == std::size(kBands)) return 0;
  const Wide left = kBands[band] - AttainedMs(cycle, gang);
  return Clamp(cycle.state.now.unix_ms + (left + devices - 1) / devices);
}

}  // namespace muster::sched
