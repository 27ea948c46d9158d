// The parts of a workload file (docs/simulator.md), each in its file.  Private to sim.
#pragma once

#include <string>
#include <vector>

#include "muster/sim/read.h"
#include "sim/fields.h"

namespace muster::sim {

// Names that sort as they were numbered.
std::string Numbered(const std::string& stem, std::int64_t number, std::size_t width);

// The fields gpu, cpu, memory and resources of a node, job or task.
sched::Amounts ReadAmounts(Fields& fields, const std::string& device_resource);

std::vector<sched::Node> ReadNodes(Fields& file, const TraceShape& shape, Complaints& complaints);
// Parents are among them; circles are not looked for here.
std::vector<sched::Tenant> ReadTenants(Fields& file, const TraceShape& shape,
                                       Complaints& complaints);
std::vector<Job> ReadYamlJobs(Fields& file, const TraceShape& shape, Complaints& complaints);

}  // namespace muster::sim
