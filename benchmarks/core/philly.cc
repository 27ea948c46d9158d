#include "core/philly.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "muster/base/check.h"
#include "muster/sim/read.h"
#include "muster/sim/report.h"
#include "reference/backfill.h"

namespace muster::bench {
namespace {

constexpr std::int64_t kGpusPerNode = 8;
constexpr std::int64_t kCheckpointMs = 30 * 60 * 1000;
constexpr std::int64_t kRestartMs = 300 * 1000;
const std::pair<const char*, std::int64_t> kCases[] = {
    {"ee9e8c", 256}, {"ee9e8c", 320}, {"b436b2", 384}, {"6c71a0", 128}, {"6214e9", 160},
    {"0e4a51", 80},  {"7f04ca", 128}, {"2869ce", 56},  {"e13805", 56}};

struct PoolFigures {
  double mean_s = 0, p99_s = 0, idle_hours = 0;
};

// Device-hours unused while jobs wait, of a schedule that never stops a job.
double IdleHours(const std::vector<reference::PoolJob>& jobs,
                 const std::vector<std::int64_t>& starts, std::int64_t devices) {
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> changes;  // used, waiting
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    ++changes[jobs[i].submit_s].second;
    --changes[starts[i]].second;
    changes[starts[i]].first += jobs[i].devices;
    changes[starts[i] + jobs[i].run_s].first -= jobs[i].devices;
  }
  double idle = 0;
  std::int64_t used = 0, waiting = 0, since = 0;
  for (const auto& [at, change] : changes) {
    if (waiting > 0) idle += static_cast<double>((devices - used) * (at - since));
    used += change.first;
    waiting += change.second;
    since = at;
  }
  return idle / 3600;
}

PoolFigures RunEasy(const std::vector<sim::Job>& jobs, std::int64_t devices) {
  std::vector<reference::PoolJob> pool;
  for (const sim::Job& job : jobs) {
    pool.push_back({job.submit.unix_ms / 1000, job.run_ms / 1000,
                    sim::Devices(job, sched::Policy{}.device_resource)});
  }
  const auto starts =
      reference::RunPool(pool, devices, reference::Order::kFirstCome, reference::Ahead::kEasy);
  std::vector<double> waits;
  PoolFigures figures;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    waits.push_back(static_cast<double>(starts[i] - pool[i].submit_s));
    figures.mean_s += waits.back() / static_cast<double>(pool.size());
  }
  std::sort(waits.begin(), waits.end());
  figures.p99_s = waits[waits.size() * 99 / 100];
  figures.idle_hours = IdleHours(pool, starts, devices);
  return figures;
}

}  // namespace

std::vector<PhillyCase> RunPhilly(const std::string& folder, bool preemption) {
  sched::Policy policy;
  policy.preemption = preemption;
  const std::string file = folder + "/philly_gavel_vc.csv";
  const auto text = sim::ReadAll(file);
  MUSTER_CHECK(text.ok());
  std::vector<PhillyCase> cases;
  for (const auto& [vc, gpus] : kCases) {
    const auto jobs = sim::ReadJobs({file, *text}, {.vc = vc, .gpus_per_node = kGpusPerNode});
    MUSTER_CHECK(jobs.ok());
    sim::Workload workload;
    workload.nodes = sim::MakeNodes({gpus / kGpusPerNode, kGpusPerNode}, policy.device_resource);
    workload.jobs = *jobs;
    for (sim::Job& job : workload.jobs) {
      job.checkpoint_ms = kCheckpointMs;
      job.restart_ms = kRestartMs;
    }
    workload.tenants = sim::TenantsOf(workload.jobs);
    const auto begin = std::chrono::steady_clock::now();
    const sim::History run =
        sim::Simulate(workload, policy, {.keep_events = false, .progress = {}, .decided = {}});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const sim::Report report = sim::MakeReport(workload, run, policy.device_resource);
    MUSTER_CHECK(report.never.empty());
    const PoolFigures easy = RunEasy(*jobs, gpus);
    cases.push_back({vc, gpus, report.all.mean_s, easy.mean_s, report.all.p99_s, easy.p99_s,
                     report.lost_share, report.idle_device_hours, easy.idle_hours, report.evictions,
                     took.count()});
  }
  return cases;
}

}  // namespace muster::bench
