#include "sim/series.h"

#include <algorithm>
#include <map>

namespace muster::sim {

std::vector<Bucket> Bucketed(const Steps& steps, const Window& window, std::size_t count) {
  std::vector<Bucket> buckets(count);
  const auto length = static_cast<double>(window.end_ms - window.begin_ms);
  const auto edge = [&](std::size_t i) {
    return window.begin_ms +
           static_cast<std::int64_t>(length * static_cast<double>(i) / static_cast<double>(count));
  };
  std::size_t next = 0;
  std::int64_t level = 0;
  const auto reach = [&](std::int64_t at) {
    while (next < steps.size() && steps[next].first <= at) level = steps[next++].second;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t begin = edge(i), end = std::max(edge(i + 1), begin + 1);
    reach(begin);
    Bucket& bucket = buckets[i];
    bucket.least = bucket.most = level;
    std::int64_t at = begin;
    double area = 0;
    while (at < end) {
      const std::int64_t until = next < steps.size() ? std::min(steps[next].first, end) : end;
      area += static_cast<double>(level) * static_cast<double>(until - at);
      at = until;
      if (at >= end) break;
      reach(at);
      bucket.least = std::min(bucket.least, level);
      bucket.most = std::max(bucket.most, level);
    }
    bucket.mean = area / static_cast<double>(end - begin);
  }
  return buckets;
}

Window WindowOf(const Workload& workload, const History& run) {
  const std::int64_t begin = workload.jobs.empty() ? 0 : workload.jobs.front().submit.unix_ms;
  std::int64_t end = begin;
  for (const Outcome& outcome : run.outcomes) end = std::max(end, outcome.end_ms);
  for (const Job& job : workload.jobs) end = std::max(end, job.submit.unix_ms);
  return {begin, std::max(end, begin + 1)};
}

std::vector<std::pair<std::string, Steps>> StepsByTenant(const Workload& workload,
                                                         const History& run) {
  std::map<std::string, std::map<std::int64_t, std::int64_t>> changes;
  for (const Stay& stay : run.stays) {
    auto& of = changes[workload.jobs[stay.job].tenant];
    of[stay.begin_ms] += stay.devices;
    if (stay.end_ms >= 0) of[stay.end_ms] -= stay.devices;
  }
  std::vector<std::pair<std::string, Steps>> all;
  for (const auto& [tenant, of] : changes) {
    Steps& steps = all.emplace_back(tenant, Steps{}).second;
    std::int64_t level = 0;
    for (const auto& [at, change] : of) steps.emplace_back(at, level += change);
  }
  return all;
}

}  // namespace muster::sim
