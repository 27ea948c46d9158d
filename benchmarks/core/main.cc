// bench_core: what the core makes of real traces, beside references in the same run.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/philly.h"

namespace {

using Json = nlohmann::ordered_json;
using muster::bench::PhillyCase;

// Prints the table of one mode and adds it to the JSON.
void Tenants(const std::string& folder, bool preemption, Json& json) {
  const char* mode = preemption ? "preemptive" : "non-preemptive";
  std::printf("\nPhilly, no run times known, %s; ratios to FIFO+EASY with exact run times\n", mode);
  std::printf("  %-8s %5s %10s %7s %10s %7s %7s %8s %8s %6s %8s\n", "VC", "GPUS", "MEAN WAIT",
              "RATIO", "P99 WAIT", "RATIO", "LOST", "IDLE h", "EASY h", "EVICT", "SECONDS");
  double mean = 0, p99 = 0;
  int close = 0;
  const std::vector<PhillyCase> cases = muster::bench::RunPhilly(folder, preemption);
  Json rows = Json::array();
  for (const PhillyCase& c : cases) {
    const double mean_ratio = c.our_mean_s / c.easy_mean_s, p99_ratio = c.our_p99_s / c.easy_p99_s;
    mean += std::log(mean_ratio);
    p99 += std::log(p99_ratio);
    close += p99_ratio <= 1.5 ? 1 : 0;
    std::printf("  %-8s %5ld %9.0fs %7.3f %9.0fs %7.3f %6.2f%% %8.0f %8.0f %6ld %8.1f\n",
                c.vc.c_str(), static_cast<long>(c.gpus), c.our_mean_s, mean_ratio, c.our_p99_s,
                p99_ratio, c.lost_share * 100, c.idle_hours, c.easy_idle_hours,
                static_cast<long>(c.evictions), c.seconds);
    rows.push_back({{"vc", c.vc},
                    {"gpus", c.gpus},
                    {"meanWaitSeconds", c.our_mean_s},
                    {"meanWaitRatio", mean_ratio},
                    {"p99WaitSeconds", c.our_p99_s},
                    {"p99WaitRatio", p99_ratio},
                    {"lostShare", c.lost_share},
                    {"idleDeviceHours", c.idle_hours},
                    {"easyIdleDeviceHours", c.easy_idle_hours},
                    {"evictions", c.evictions}});
  }
  const auto n = static_cast<double>(cases.size());
  const double mean_ratio = std::exp(mean / n), p99_ratio = std::exp(p99 / n);
  std::printf("  geometric mean: mean wait %.3f, p99 %.3f; p99 within 1.5 in %d of %zu\n",
              mean_ratio, p99_ratio, close, cases.size());
  json[mode] = {{"meanWaitRatio", mean_ratio},
                {"p99WaitRatio", p99_ratio},
                {"within1.5", close},
                {"cases", rows}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr,
                 "bench_core TRACES OUTPUT: benchmarks/traces, and the JSON file to write\n");
    return 2;
  }
  Json json;
  for (const bool preemption : {true, false}) {
    Tenants(std::string(argv[1]) + "/philly", preemption, json["tenants"]);
  }
  std::ofstream(argv[2]) << json.dump(2) << "\n";
  return 0;
}
