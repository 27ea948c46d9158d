// The plots of a report.  Private to sim.
#pragma once

#include <string>
#include <vector>

#include "muster/sim/report.h"
#include "sim/gantt.h"

namespace muster::sim {

std::string DrawUse(const Workload& workload, const History& run, std::int64_t devices);
std::string DrawQueue(const Workload& workload, const History& run);
// Box plots by size: the waits, and the bounded slowdowns.
std::string DrawWaits(const Report& report);
std::string DrawSlowdowns(const Report& report);

// One small plot for each of the tenants with the most device time.
struct TenantPlots {
  std::vector<std::string> svgs;
  std::size_t left_out = 0;
};
TenantPlots DrawTenants(const Workload& workload, const History& run,
                        const std::string& device_resource, const Colours& colours);

// Of tenants, in turn.
Colours ColoursOf(const Workload& workload);

}  // namespace muster::sim
