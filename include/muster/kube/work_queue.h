// Names of things to look at again when their time has come, each at most once in the queue.
//
//   while (auto key = queue.TryGet()) {
//     if (Reconcile(*key)) queue.Forget(*key); else queue.AddBackoff(*key);
//   }
//
// Threads: one.  It never waits: NextMs says when to look again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "muster/base/clock.h"

namespace muster::kube {

// REQUIRES: 0 < first_backoff_ms <= max_backoff_ms.
struct WorkQueueOptions {
  std::int64_t first_backoff_ms = 1'000;
  std::int64_t max_backoff_ms = 300'000;
};

class WorkQueue {
 public:
  // `clock` outlives it.
  explicit WorkQueue(const base::Clock& clock, WorkQueueOptions options = {});

  // Due in `delay_ms`; an earlier moment for the same key wins, a later one is ignored.
  void AddAfter(const std::string& key, std::int64_t delay_ms);
  // AddAfter the key's own back-off, which doubles each time until Forget.  Returns the delay.
  std::int64_t AddBackoff(const std::string& key);
  void Forget(const std::string& key);  // the key's back-off starts anew

  // Takes the key that is due first; nothing if none is due yet.
  std::optional<std::string> TryGet();
  // BootMs at which the next key is due; base::kForever: there is none.
  std::int64_t NextMs() const;

 private:
  const base::Clock& clock_;
  const WorkQueueOptions options_;
  std::set<std::pair<std::int64_t, std::string>> due_;  // BootMs and key
  std::map<std::string, std::int64_t> due_of_;          // the same by key
  std::map<std::string, int> failures_;                 // since the last Forget
};

}  // namespace muster::kube
