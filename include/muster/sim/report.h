// What a simulation came to, in numbers.
//
//   wait               end - submit - run time: restarts and repeated work count as waiting
//   bounded slowdown   max(1, (wait + run) / max(run, 10 s))        Feitelson, JSSPP 2001
//   utilisation        devices in use over devices there, from the first submit to the last
// Percentiles are by nearest rank.  Only jobs that ended count.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "muster/sim/engine.h"

namespace muster::sim {

struct Quantiles {
  double p5 = 0, p25 = 0, median = 0, p75 = 0, p99 = 0, longest = 0;
};

struct Waits {
  std::int64_t jobs = 0;
  double mean_s = 0, median_s = 0, p99_s = 0, longest_s = 0;
  double mean_completion_s = 0;  // end - submit
  double mean_slowdown = 0, p99_slowdown = 0;
  Quantiles wait, slowdown;  // in s; for plots
};

struct Report {
  std::int64_t submitted = 0, killed = 0;
  Waits all;
  std::map<std::string, Waits> by_tenant;
  std::vector<std::pair<std::string, Waits>> by_size;  // devices, in powers of two
  double utilisation = 0;
  double makespan_s = 0;         // from the first submit to the last end
  double idle_device_hours = 0;  // unused while jobs waited
  std::int64_t evictions = 0;
  double lost_share = 0;  // of all device time: restarts and repeated work
  std::int64_t cycles = 0;
  std::vector<std::string> never;  // "job: why", of those that did not end
};

Report MakeReport(const Workload& workload, const History& run, const std::string& device_resource);

// For people: a few lines and tables.
std::string ToText(const Report& report);
// The same, for programs; ends in a newline.
std::string ToJson(const Report& report);
// One line an event: time in s, kind, job, text; tab-separated, with a header.
std::string EventLog(const Workload& workload, const History& run);

}  // namespace muster::sim
