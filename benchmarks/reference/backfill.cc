#include "reference/backfill.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace muster::reference {
namespace {

std::int64_t EstimateOf(const PoolJob& job) {
  return job.estimate_s > 0 ? job.estimate_s : job.run_s;
}

class Pool {
 public:
  Pool(const std::vector<PoolJob>& jobs, std::int64_t devices, Order order, Ahead ahead)
      : jobs_(jobs), order_(order), ahead_(ahead), free_(devices), starts_(jobs.size(), -1) {}

  std::vector<std::int64_t> Run() {
    std::size_t next = 0;
    const std::int64_t all = free_;
    while (next < jobs_.size() || !ends_.empty()) {
      std::int64_t now = std::numeric_limits<std::int64_t>::max();
      if (next < jobs_.size()) now = jobs_[next].submit_s;
      if (!ends_.empty()) now = std::min(now, ends_.begin()->first);
      while (!ends_.empty() && ends_.begin()->first <= now) {
        const PoolJob& job = jobs_[ends_.begin()->second];
        free_ += job.devices;
        estimated_.erase({starts_[ends_.begin()->second] + EstimateOf(job), ends_.begin()->second});
        ends_.erase(ends_.begin());
      }
      for (; next < jobs_.size() && jobs_[next].submit_s <= now; ++next) {
        if (jobs_[next].devices <= all) queue_.emplace(KeyOf(next), next);
      }
      Decide(now);
    }
    return std::move(starts_);
  }

 private:
  using Entry = std::pair<std::int64_t, std::size_t>;  // key, job

  std::int64_t KeyOf(std::size_t job) const {
    if (order_ == Order::kFirstCome) return jobs_[job].submit_s;
    if (order_ == Order::kShortest) return EstimateOf(jobs_[job]);
    return EstimateOf(jobs_[job]) * jobs_[job].devices;
  }

  std::set<Entry>::iterator Start(std::set<Entry>::iterator at, std::int64_t now) {
    const PoolJob& job = jobs_[at->second];
    starts_[at->second] = now;
    free_ -= job.devices;
    ends_.emplace(now + job.run_s, at->second);
    estimated_.emplace(now + EstimateOf(job), at->second);
    return queue_.erase(at);
  }

  void Decide(std::int64_t now) {
    while (!queue_.empty() && jobs_[queue_.begin()->second].devices <= free_) {
      Start(queue_.begin(), now);
    }
    if (queue_.empty() || ahead_ == Ahead::kStrict) return;
    // When the first will have its devices, and what is left beside it then.
    const std::int64_t needs = jobs_[queue_.begin()->second].devices;
    std::int64_t shadow = std::numeric_limits<std::int64_t>::max(), spare = free_;
    if (ahead_ == Ahead::kEasy) {
      for (const auto& [end, running] : estimated_) {
        spare += jobs_[running].devices;
        shadow = end;
        if (spare >= needs) break;
      }
      spare -= needs;
    }
    for (auto it = std::next(queue_.begin()); it != queue_.end() && free_ > 0;) {
      const PoolJob& job = jobs_[it->second];
      const bool before = ahead_ == Ahead::kGreedy || now + EstimateOf(job) <= shadow;
      if (job.devices > free_ || (!before && job.devices > spare)) {
        ++it;
        continue;
      }
      if (!before) spare -= job.devices;
      it = Start(it, now);
    }
  }

  const std::vector<PoolJob>& jobs_;
  Order order_;
  Ahead ahead_;
  std::int64_t free_;
  std::vector<std::int64_t> starts_;
  std::set<Entry> queue_;
  std::set<Entry> ends_, estimated_;  // of those that run: when, job
};

}  // namespace

std::vector<std::int64_t> RunPool(const std::vector<PoolJob>& jobs, std::int64_t devices,
                                  Order order, Ahead ahead) {
  return Pool(jobs, devices, order, ahead).Run();
}

}  // namespace muster::reference
