// A run as one page for people: tables, and plots as inline SVG.  Nothing is loaded from elsewhere;
// the size is bounded whatever the run (well below 1 MiB).
//
// Threads: a pure function.
#pragma once

#include <string>

#include "muster/sim/report.h"

namespace muster::sim {

// REQUIRES: the run kept its events and stays.
std::string ToHtml(const Workload& workload, const History& run, const Report& report,
                   const std::string& device_resource);

}  // namespace muster::sim
