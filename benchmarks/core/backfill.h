// Workloads drawn from the model of Lublin and Feitelson, one tenant: the core with slots and the
// inner order kExpected, beside FIFO+EASY with the same estimates.
#pragma once

#include <cstdint>
#include <vector>

namespace muster::bench {

struct BackfillFigures {
  double mean_slowdown = 0, p99_slowdown = 0;  // bounded, as in sim/report.h
  double longest_s = 0;                        // wait
  double utilisation = 0;                      // from the first submit to the last
};

struct BackfillCase {
  std::int64_t processors = 0, seed = 0;
  bool exact = false;  // estimates
  BackfillFigures ours, easy;
  std::int64_t promised = 0, late = 0;  // jobs that had a slot, and started after its first time
  double seconds = 0;
};

std::vector<BackfillCase> RunBackfill();

}  // namespace muster::bench
