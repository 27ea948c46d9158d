// Packing of the openb trace: GPUs allocated when so and so many have been asked for, by scheduler
// and list, beside what was published (fgd_expected_alloc.csv).
#pragma once

#include <array>
#include <string>
#include <vector>

namespace muster::bench {

inline constexpr std::array<int, 5> kLoads = {90, 95, 100, 110, 130};  // per cent
inline constexpr int kPackingSeeds = 10;                               // 42, 43 …

// Allocated, in per cent of all GPUs, at each of kLoads.
using Allocated = std::array<double, kLoads.size()>;

struct PackingCase {
  std::string list;       // "default", …
  std::string scheduler;  // as the published table calls it, or "Muster"
  Allocated mean = {};    // of the seeds
  Allocated published = {};
  double seconds = 0;  // of all seeds
};

// By list, then scheduler.  `folder` holds the trace.
std::vector<PackingCase> RunPacking(const std::string& folder);

}  // namespace muster::bench
