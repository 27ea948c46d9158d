#include "muster/sim/report.h"

#include <algorithm>
#include <bit>

namespace muster::sim {
namespace {

constexpr double kSecond = 1000.0;
constexpr double kShortestRun = 10.0;  // s

// Of a sorted list that is not empty.
double Percentile(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(rank, sorted.size() - 1)];
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// Of a sorted list that is not empty.
Quantiles QuantilesOf(const std::vector<double>& sorted) {
  return {Percentile(sorted, 0.05), Percentile(sorted, 0.25), Percentile(sorted, 0.5),
          Percentile(sorted, 0.75), Percentile(sorted, 0.99), sorted.back()};
}

class Collector {
 public:
  void Add(const Job& job, const Outcome& outcome) {
    const double run = static_cast<double>(RunOf(job)) / kSecond;
    const double turn = static_cast<double>(outcome.end_ms - job.submit.unix_ms) / kSecond;
    completions_.push_back(turn);
    waits_.push_back(turn - run);
    slowdowns_.push_back(std::max(1.0, turn / std::max(run, kShortestRun)));
  }
  Waits Sum() {
    Waits sum;
    sum.jobs = static_cast<std::int64_t>(waits_.size());
    if (waits_.empty()) return sum;
    std::sort(waits_.begin(), waits_.end());
    std::sort(slowdowns_.begin(), slowdowns_.end());
    sum.mean_s = Mean(waits_);
    sum.median_s = Percentile(waits_, 0.5);
    sum.p99_s = Percentile(waits_, 0.99);
    sum.longest_s = waits_.back();
    sum.mean_completion_s = Mean(completions_);
    sum.mean_slowdown = Mean(slowdowns_);
    sum.p99_slowdown = Percentile(slowdowns_, 0.99);
    sum.wait = QuantilesOf(waits_);
    sum.slowdown = QuantilesOf(slowdowns_);
    return sum;
  }

  static std::int64_t RunOf(const Job& job) {
    return job.bound_ms > 0 ? std::min(job.run_ms, job.bound_ms) : job.run_ms;
  }

 private:
  std::vector<double> waits_, completions_, slowdowns_;
};

std::string SizeName(std::uint64_t least) {
  return least <= 1 ? std::to_string(least)
                    : std::to_string(least) + "-" + std::to_string(2 * least - 1);
}

// Device-ms in use and, while jobs waited, not in use, from `begin` to `end`.
struct Areas {
  double used = 0, idle = 0;
};
Areas AreasOf(const std::vector<Level>& levels, std::int64_t begin, std::int64_t end,
              std::int64_t devices) {
  Areas areas;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const std::int64_t until = i + 1 < levels.size() ? levels[i + 1].at_ms : end;
    const auto length =
        static_cast<double>(std::min(until, end) - std::max(levels[i].at_ms, begin));
    if (length <= 0) continue;
    areas.used += length * static_cast<double>(levels[i].used);
    if (levels[i].queue > 0) areas.idle += length * static_cast<double>(devices - levels[i].used);
  }
  return areas;
}

}  // namespace

Report MakeReport(const Workload& workload, const History& run,
                  const std::string& device_resource) {
  Report report;
  report.submitted = static_cast<std::int64_t>(workload.jobs.size());
  report.cycles = run.cycles;
  if (workload.jobs.empty()) return report;
  Collector all;
  std::map<std::string, Collector> by_tenant;
  std::map<std::uint64_t, Collector> by_size;
  const std::int64_t first = workload.jobs.front().submit.unix_ms;
  std::int64_t last_end = first;
  double lost = 0, spent = 0;
  for (std::size_t i = 0; i < workload.jobs.size(); ++i) {
    const Job& job = workload.jobs[i];
    const Outcome& outcome = run.outcomes[i];
    report.evictions += outcome.evictions;
    const std::int64_t devices = Devices(job, device_resource);
    const auto wide = static_cast<double>(devices);
    lost += wide * static_cast<double>(outcome.lost_ms + outcome.restart_ms);
    if (outcome.end_ms < 0) {
      report.never.push_back(job.name + ": " + std::string(ToString(outcome.reason)) + ": " +
                             outcome.why);
      continue;
    }
    report.killed += outcome.killed ? 1 : 0;
    last_end = std::max(last_end, outcome.end_ms);
    spent +=
        wide * static_cast<double>(Collector::RunOf(job) + outcome.lost_ms + outcome.restart_ms);
    all.Add(job, outcome);
    by_tenant[job.tenant].Add(job, outcome);
    by_size[std::bit_floor(static_cast<std::uint64_t>(devices))].Add(job, outcome);
  }
  report.all = all.Sum();
  for (auto& [name, collector] : by_tenant) report.by_tenant[name] = collector.Sum();
  for (auto& [size, collector] : by_size) {
    report.by_size.emplace_back(SizeName(size), collector.Sum());
  }
  const std::int64_t devices = DevicesThere(workload, device_resource);
  const std::int64_t last = workload.jobs.back().submit.unix_ms;
  if (devices > 0 && last > first) {
    report.utilisation = AreasOf(run.levels, first, last, devices).used /
                         static_cast<double>(devices) / static_cast<double>(last - first);
  }
  report.idle_device_hours = AreasOf(run.levels, first, last_end, devices).idle / 3.6e6;
  report.makespan_s = static_cast<double>(last_end - first) / kSecond;
  report.lost_share = spent > 0 ? lost / spent : 0;
  return report;
}

}  // namespace muster::sim
