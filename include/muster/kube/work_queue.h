// Names of things to look at again, each at most once in the queue and by one worker at a time.
//
//   while (auto key = queue.Get()) {
//     if (Reconcile(*key)) queue.Forget(*key); else queue.AddBackoff(*key);
//     queue.Done(*key);
//   }
//
// A key added while a worker has it is given out again after Done; a key added twice is given out
// once.  Keys come out in the order in which they became ready.
//
// Threads: safe for concurrent use; none of its own (Get waits for delays on the Clock).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "muster/base/clock.h"

namespace muster::kube {

struct WorkQueueOptions {
  std::int64_t first_backoff_ms = 10;
  std::int64_t max_backoff_ms = 300'000;
};

// For the metrics; counts since the start.
struct WorkQueueStats {
  std::int64_t depth = 0;  // ready and not given out
  std::int64_t adds = 0;
  std::int64_t retries = 0;
  std::int64_t processing = 0;
  std::int64_t delayed = 0;  // waiting for their time
};

class WorkQueue {
 public:
  explicit WorkQueue(const base::Clock& clock, WorkQueueOptions options = {});
  ~WorkQueue();  // REQUIRES: no thread is inside Get
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  void Add(const std::string& key);
  // Ready in `delay_ms`; an earlier moment for the same key wins, a later one is ignored.
  void AddAfter(const std::string& key, std::int64_t delay_ms);
  // AddAfter the key's own back-off, which doubles each time until Forget.  Returns the delay.
  std::int64_t AddBackoff(const std::string& key);
  void Forget(const std::string& key);  // the key's back-off starts anew
  int Failures(const std::string& key) const;

  // Waits for a key; nothing once the queue is shut down and empty.  The caller owes a Done.
  std::optional<std::string> Get();
  // As Get, but nothing at once if none is ready.
  std::optional<std::string> TryGet();
  void Done(const std::string& key);

  // No key is taken in any more, delays are dropped; what is ready is still given out.
  void ShutDown();

  WorkQueueStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::kube
