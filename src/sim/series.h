// A level that changes at moments, brought down to as many points as a plot has room for.
// Private to sim.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "muster/sim/engine.h"

namespace muster::sim {

// From a time on, so many.
using Steps = std::vector<std::pair<std::int64_t, std::int64_t>>;  // ms, by time

struct Window {
  std::int64_t begin_ms = 0, end_ms = 1;  // end > begin
};

// What a level was in one part of the window.
struct Bucket {
  double mean = 0;
  std::int64_t least = 0, most = 0;
};

// The window in `count` equal parts.  Before the first step the level is 0.
std::vector<Bucket> Bucketed(const Steps& steps, const Window& window, std::size_t count);

// From the first submit to the end of the run.
Window WindowOf(const Workload& workload, const History& run);

// Devices in use by each tenant; REQUIRES: the run kept its stays.
std::vector<std::pair<std::string, Steps>> StepsByTenant(const Workload& workload,
                                                         const History& run);

}  // namespace muster::sim
