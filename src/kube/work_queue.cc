#include "muster/kube/work_queue.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "muster/base/check.h"
#include "muster/base/mutex.h"

namespace muster::kube {

using base::Lock;

// A key is in `dirty` if it has to be looked at, in `processing` while a worker has it, and in
// `ready` exactly if it is dirty and not being processed.
struct WorkQueue::Impl {
  Impl(const base::Clock& c, WorkQueueOptions o) : clock(c), options(o) {}

  void AddNow(const std::string& key) REQUIRES_LOCK(mutex) {
    if (stopping || !dirty.insert(key).second) return;
    ++counted.adds;
    if (processing.count(key) != 0) return;
    ready.push_back(key);
    changed.notify_one();
  }

  void AddAt(const std::string& key, std::int64_t boot_ms) REQUIRES_LOCK(mutex) {
    const auto known = due_of.find(key);
    if (known != due_of.end()) {
      if (known->second <= boot_ms) return;
      delayed.erase({known->second, key});
    }
    due_of[key] = boot_ms;
    delayed.insert({boot_ms, key});
    changed.notify_one();  // a sleeper has to set its alarm earlier
  }

  // Moves what is due; returns when the next one will be.
  std::int64_t Ripen() REQUIRES_LOCK(mutex) {
    const std::int64_t now = clock.BootMs();
    while (!delayed.empty() && delayed.begin()->first <= now) {
      const std::string key = delayed.begin()->second;
      delayed.erase(delayed.begin());
      due_of.erase(key);
      AddNow(key);
    }
    return delayed.empty() ? base::kForever : delayed.begin()->first;
  }

  std::optional<std::string> Pop() REQUIRES_LOCK(mutex) {
    if (ready.empty()) return std::nullopt;
    std::string key = std::move(ready.front());
    ready.pop_front();
    dirty.erase(key);
    processing.insert(key);
    return key;
  }

  const base::Clock& clock;
  const WorkQueueOptions options;
  mutable base::Mutex mutex;
  base::CondVar changed;
  std::deque<std::string> ready GUARDED_BY(mutex);
  std::set<std::string> dirty GUARDED_BY(mutex);
  std::set<std::string> processing GUARDED_BY(mutex);
  std::set<std::pair<std::int64_t, std::string>> delayed GUARDED_BY(mutex);
  std::map<std::string, std::int64_t> due_of GUARDED_BY(mutex);
  std::map<std::string, int> failures GUARDED_BY(mutex);
  bool stopping GUARDED_BY(mutex) = false;
  WorkQueueStats counted GUARDED_BY(mutex);
};

WorkQueue::WorkQueue(const base::Clock& clock, WorkQueueOptions options)
    : impl_(std::make_unique<Impl>(clock, options)) {
  MUSTER_CHECK(options.first_backoff_ms > 0 && options.first_backoff_ms <= options.max_backoff_ms);
}

WorkQueue::~WorkQueue() = default;

void WorkQueue::Add(const std::string& key) {
  Lock lock(impl_->mutex);
  impl_->AddNow(key);
}

void WorkQueue::AddAfter(const std::string& key, std::int64_t delay_ms) {
  Lock lock(impl_->mutex);
  if (impl_->stopping) return;
  if (delay_ms <= 0) {
    impl_->AddNow(key);
  } else {
    impl_->AddAt(key, impl_->clock.BootMs() + delay_ms);
  }
}

std::int64_t WorkQueue::AddBackoff(const std::string& key) {
  Lock lock(impl_->mutex);
  const int failures = impl_->failures[key]++;
  // Beyond 2^40 the cap has long been reached.
  const std::int64_t grown = impl_->options.first_backoff_ms << std::min(failures, 40);
  const std::int64_t delay =
      grown <= 0 ? impl_->options.max_backoff_ms : std::min(impl_->options.max_backoff_ms, grown);
  if (impl_->stopping) return delay;
  ++impl_->counted.retries;
  impl_->AddAt(key, impl_->clock.BootMs() + delay);
  return delay;
}

void WorkQueue::Forget(const std::string& key) {
  Lock lock(impl_->mutex);
  impl_->failures.erase(key);
}

int WorkQueue::Failures(const std::string& key) const {
  Lock lock(impl_->mutex);
  const auto found = impl_->failures.find(key);
  return found == impl_->failures.end() ? 0 : found->second;
}

std::optional<std::string> WorkQueue::Get() {
  Lock lock(impl_->mutex);
  while (true) {
    const std::int64_t next = impl_->Ripen();
    if (auto key = impl_->Pop()) return key;
    if (impl_->stopping) return std::nullopt;
    impl_->clock.Wait(impl_->changed, impl_->mutex, next);
  }
}

std::optional<std::string> WorkQueue::TryGet() {
  Lock lock(impl_->mutex);
  impl_->Ripen();
  return impl_->Pop();
}

void WorkQueue::Done(const std::string& key) {
  Lock lock(impl_->mutex);
  impl_->processing.erase(key);
  if (impl_->dirty.count(key) == 0) return;
  impl_->ready.push_back(key);
  impl_->changed.notify_one();
}

void WorkQueue::ShutDown() {
  Lock lock(impl_->mutex);
  impl_->stopping = true;
  impl_->delayed.clear();
  impl_->due_of.clear();
  impl_->changed.notify_all();
}

WorkQueueStats WorkQueue::stats() const {
  Lock lock(impl_->mutex);
  WorkQueueStats stats = impl_->counted;
  stats.depth = static_cast<std::int64_t>(impl_->ready.size());
  stats.processing = static_cast<std::int64_t>(impl_->processing.size());
  stats.delayed = static_cast<std::int64_t>(impl_->delayed.size());
  return stats;
}

}  // namespace muster::kube
