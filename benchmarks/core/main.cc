// bench_core: what the core makes of real traces, beside references in the same run.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/backfill.h"
#include "core/packing.h"
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

void Backfill(Json& json) {
  std::printf("\nBackfill, Lublin and Feitelson, one tenant; ratios to FIFO+EASY\n");
  std::printf("  %5s %4s %-8s %10s %7s %10s %7s %9s %7s %6s %6s %6s %5s %8s\n", "PROC", "SEED",
              "ESTIMATE", "MEAN SLOW", "RATIO", "P99 SLOW", "RATIO", "LONGEST", "RATIO", "UTIL",
              "EASY", "SLOTS", "LATE", "SECONDS");
  Json rows = Json::array();
  double mean = 0, worst = 0;
  const auto cases = muster::bench::RunBackfill();
  for (const muster::bench::BackfillCase& c : cases) {
    const double ratio = c.ours.mean_slowdown / c.easy.mean_slowdown;
    mean += std::log(ratio);
    worst = std::max(worst, ratio);
    std::printf(
        "  %5ld %4ld %-8s %10.1f %7.3f %10.0f %7.3f %8.0fs %7.3f %6.3f %6.3f %6ld %5ld %8.1f\n",
        static_cast<long>(c.processors), static_cast<long>(c.seed), c.exact ? "exact" : "modal",
        c.ours.mean_slowdown, ratio, c.ours.p99_slowdown, c.ours.p99_slowdown / c.easy.p99_slowdown,
        c.ours.longest_s, c.ours.longest_s / c.easy.longest_s, c.ours.utilisation,
        c.easy.utilisation, static_cast<long>(c.promised), static_cast<long>(c.late), c.seconds);
    rows.push_back({{"processors", c.processors},
                    {"seed", c.seed},
                    {"estimates", c.exact ? "exact" : "modal"},
                    {"meanSlowdown", c.ours.mean_slowdown},
                    {"meanSlowdownRatio", ratio},
                    {"p99SlowdownRatio", c.ours.p99_slowdown / c.easy.p99_slowdown},
                    {"longestWaitRatio", c.ours.longest_s / c.easy.longest_s},
                    {"utilisation", c.ours.utilisation},
                    {"easyUtilisation", c.easy.utilisation},
                    {"promised", c.promised},
                    {"late", c.late}});
  }
  mean = std::exp(mean / static_cast<double>(cases.size()));
  std::printf("  geometric mean: mean slowdown %.3f; largest %.3f\n", mean, worst);
  json["backfill"] = {{"meanSlowdownRatio", mean}, {"largest", worst}, {"cases", rows}};
}

// The largest distance of a mean from the published one is said for each scheduler.
void Packing(const std::string& folder, Json& json) {
  using muster::bench::kLoads, muster::bench::PackingCase;
  std::printf("\nPacking, openb, %d seeds; GPUs allocated, in per cent, by GPUs asked for\n",
              muster::bench::kPackingSeeds);
  std::printf("  %-12s %-16s", "LIST", "SCHEDULER");
  for (const int load : kLoads) std::printf(" %7d%%", load);
  std::printf(" %10s %8s\n", "PUBLISHED", "SECONDS");
  Json rows = Json::array();
  for (const PackingCase& c : muster::bench::RunPacking(folder)) {
    std::printf("  %-12s %-16s", c.list.c_str(), c.scheduler.c_str());
    Json row = {{"list", c.list}, {"scheduler", c.scheduler}};
    double off = 0;
    for (std::size_t i = 0; i < kLoads.size(); ++i) {
      std::printf(" %8.3f", c.mean[i]);
      row["allocated"][std::to_string(kLoads[i])] = c.mean[i];
      row["published"][std::to_string(kLoads[i])] = c.published[i];
      if (std::abs(c.mean[i] - c.published[i]) > std::abs(off)) off = c.mean[i] - c.published[i];
    }
    std::printf(" %+10.3f %8.1f\n", off, c.seconds);
    rows.push_back(row);
  }
  json["packing"] = {{"seeds", muster::bench::kPackingSeeds}, {"cases", rows}};
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
  Backfill(json);
  Packing(std::string(argv[1]) + "/openb", json);
  std::ofstream(argv[2]) << json.dump(2) << "\n";
  return 0;
}
