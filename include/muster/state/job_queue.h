// Jobs in the order in which a limit on their number lets them in: by creation, then UID.
//
// Threads: owned by the ClusterState's one thread.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "muster/state/job_entry.h"

namespace muster::state {

inline constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

class JobQueue {
 public:
  // Takes the job in or out; false: it was so already.  O(log n) and a short move of pointers.
  bool Set(const JobEntry& entry, bool in);
  // How many came before the job, which need not be in the queue itself.  O(log n)
  std::int64_t Before(const JobEntry& entry) const;
  // The one before which `rank` others came; null: there are not so many.
  const JobEntry* At(std::int64_t rank) const;
  bool empty() const { return in_order_.empty(); }

 private:
  std::vector<const JobEntry*> in_order_;
};

}  // namespace muster::state
