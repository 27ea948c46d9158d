#include "core/backfill.h"

#include <algorithm>
#include <chrono>

#include "muster/base/check.h"
#include "muster/sim/generate.h"
#include "muster/sim/read.h"
#include "muster/sim/report.h"
#include "reference/backfill.h"

namespace muster::bench {
namespace {

constexpr std::int64_t kProcessors[] = {128, 256, 512};
constexpr std::int64_t kSeeds[] = {1, 2, 3};
constexpr std::int64_t kJobs = 5'000;
constexpr std::int64_t kLoadPerMille = 850;
constexpr std::int64_t kGpusPerNode = 8;

BackfillFigures FiguresOf(const std::vector<reference::PoolJob>& jobs,
                          const std::vector<std::int64_t>& starts, std::int64_t processors) {
  BackfillFigures figures;
  std::vector<double> slowdowns;
  const std::int64_t last = jobs.back().submit_s;
  double used = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    MUSTER_CHECK(starts[i] >= jobs[i].submit_s);
    const auto run = static_cast<double>(jobs[i].run_s);
    const auto wait = static_cast<double>(starts[i] - jobs[i].submit_s);
    slowdowns.push_back(std::max(1.0, (wait + run) / std::max(10.0, run)));
    figures.mean_slowdown += slowdowns.back() / static_cast<double>(jobs.size());
    figures.longest_s = std::max(figures.longest_s, wait);
    const std::int64_t inside = std::min(last, starts[i] + jobs[i].run_s) - starts[i];
    used += static_cast<double>(std::max<std::int64_t>(0, inside) * jobs[i].devices);
  }
  std::sort(slowdowns.begin(), slowdowns.end());
  figures.p99_slowdown = slowdowns[slowdowns.size() * 99 / 100];
  figures.utilisation = used / static_cast<double>(processors * (last - jobs.front().submit_s));
  return figures;
}

BackfillCase Run(std::int64_t processors, std::int64_t seed, bool exact) {
  sim::Model model;
  model.jobs = kJobs;
  model.processors = processors;
  model.load_per_mille = kLoadPerMille;
  model.estimates = exact ? sim::Estimates::kExact : sim::Estimates::kModal;
  model.seed = static_cast<std::uint64_t>(seed);
  const std::string text = sim::Generate(model);
  const auto jobs = sim::ReadJobs({"generated", text}, {.vc = "", .gpus_per_node = kGpusPerNode});
  MUSTER_CHECK(jobs.ok());
  sched::Policy policy;
  policy.slots = 8;
  policy.inner_order = sched::InnerOrder::kExpected;
  sim::Workload workload;
  workload.nodes =
      sim::MakeNodes({processors / kGpusPerNode, kGpusPerNode}, policy.device_resource);
  workload.jobs = *jobs;
  workload.tenants = sim::TenantsOf(workload.jobs);

  BackfillCase result;
  result.processors = processors;
  result.seed = seed;
  result.exact = exact;
  const auto begin = std::chrono::steady_clock::now();
  const sim::History run =
      sim::Simulate(workload, policy, {.keep_events = false, .progress = {}, .decided = {}});
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::vector<reference::PoolJob> pool;
  std::vector<std::int64_t> starts;
  for (std::size_t i = 0; i < jobs->size(); ++i) {
    const sim::Job& job = (*jobs)[i];
    const sim::Outcome& outcome = run.outcomes[i];
    pool.push_back({job.submit.unix_ms / 1000, job.run_ms / 1000,
                    sim::Devices(job, policy.device_resource), job.bound_ms / 1000});
    starts.push_back(outcome.first_start_ms / 1000);
    if (outcome.promised_ms < 0) continue;
    ++result.promised;
    result.late += outcome.first_start_ms > outcome.promised_ms ? 1 : 0;
  }
  result.ours = FiguresOf(pool, starts, processors);
  result.easy = FiguresOf(
      pool,
      reference::RunPool(pool, processors, reference::Order::kFirstCome, reference::Ahead::kEasy),
      processors);
  return result;
}

}  // namespace

std::vector<BackfillCase> RunBackfill() {
  std::vector<BackfillCase> cases;
  for (const bool exact : {true, false}) {
    for (const std::int64_t processors : kProcessors) {
      for (const std::int64_t seed : kSeeds) cases.push_back(Run(processors, seed, exact));
    }
  }
  return cases;
}

}  // namespace muster::bench
