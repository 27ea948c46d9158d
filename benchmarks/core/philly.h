// The tenants of scheduling's proof: virtual clusters of Philly, no run times known to us, against
// EASY that knows them exactly.
#pragma once

#include <string>
#include <vector>

namespace muster::bench {

struct PhillyCase {
  std::string vc;
  std::int64_t gpus = 0;
  double our_mean_s = 0, easy_mean_s = 0;
  double our_p99_s = 0, easy_p99_s = 0;
  double lost_share = 0;  // of device time: restarts and repeated work
  double idle_hours = 0;  // device-hours unused while jobs waited
  double easy_idle_hours = 0;
  std::int64_t evictions = 0;
  double seconds = 0;  // that the simulation took
};

// The nine cases that are published with the trace.  `folder` holds the trace.
std::vector<PhillyCase> RunPhilly(const std::string& folder, bool preemption);

}  // namespace muster::bench
