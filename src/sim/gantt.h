// Which job held which devices of which node when.  Private to sim.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "muster/sim/engine.h"
#include "sim/series.h"

namespace muster::sim {

using Colours = std::map<std::string, std::string>;  // by tenant

// A few colours that people with any sight tell apart, over and over.
std::string ColourAt(std::size_t i);

// By tenant, or where there is one alone by job.  The picture, or one sentence why there is none.
struct Gantt {
  std::string svg;
  std::string why_not;
};
Gantt DrawGantt(const Workload& workload, const History& run, const std::string& device_resource,
                const Colours& colours);

}  // namespace muster::sim
