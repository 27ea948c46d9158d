// Schedulers of the literature for comparison: one pool of equal devices, gangs that need a number
// of them, of whose run times only the estimates are known, nothing is ever evicted.
//
//   kStrict  the first in the queue waits for its devices, and all others behind it
//   kEasy    as kStrict, but one that fits may go ahead if the first's start is not delayed by it
//            (EASY: Lifka, JSSPP 1995; Mu'alem and Feitelson, TPDS 2001)
//   kGreedy  whatever fits goes ahead
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace muster::reference {

struct PoolJob {
  std::int64_t submit_s = 0;
  std::int64_t run_s = 0;       // > 0
  std::int64_t devices = 0;     // > 0; more than the pool has: never started
  std::int64_t estimate_s = 0;  // >= run_s; 0: exact
};

// By what is estimated; area: devices times run time.
enum class Order { kFirstCome, kShortest, kSmallestArea };
enum class Ahead { kStrict, kEasy, kGreedy };

// Start of each job in s, -1 for never.  `jobs` by submit.
std::vector<std::int64_t> RunPool(const std::vector<PoolJob>& jobs, std::int64_t devices,
                                  Order order, Ahead ahead);

}  // namespace muster::reference
