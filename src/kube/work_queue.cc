#include "muster/kube/work_queue.h"

#include <algorithm>

#include "muster/base/check.h"

namespace muster::kube {

WorkQueue::WorkQueue(const base::Clock& clock, WorkQueueOptions options)
    : clock_(clock), options_(options) {
  MUSTER_CHECK(options.first_backoff_ms > 0 && options.first_backoff_ms <= options.max_backoff_ms);
}

void WorkQueue::AddAfter(const std::string& key, std::int64_t delay_ms) {
  const std::int64_t at = clock_.BootMs() + delay_ms;
  const auto [known, added] = due_of_.emplace(key, at);
  if (!added) {
    if (known->second <= at) return;
    due_.erase({known->second, key});
    known->second = at;
  }
  due_.insert({at, key});
}

std::int64_t WorkQueue::AddBackoff(const std::string& key) {
  int& failures = failures_[key];
  std::int64_t delay = options_.first_backoff_ms;
  for (int i = 0; i < failures && delay < options_.max_backoff_ms; ++i) delay *= 2;
  delay = std::min(delay, options_.max_backoff_ms);
  ++failures;
  AddAfter(key, delay);
  return delay;
}

void WorkQueue::Forget(const std::string& key) { failures_.erase(key); }

std::optional<std::string> WorkQueue::TryGet() {
  if (clock_.BootMs() < NextMs()) return std::nullopt;
  std::string key = due_.begin()->second;
  due_.erase(due_.begin());
  due_of_.erase(key);
  return key;
}

std::int64_t WorkQueue::NextMs() const {
  return due_.empty() ? base::kForever : due_.begin()->first;
}

}  // namespace muster::kube
