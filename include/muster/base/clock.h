// A Clock tells the time.  Code above rank 0 never calls std::chrono::*_clock::now(): it is given
// a Clock, or (in sched) a TimePoint inside the World.
//
// Threads: implementations are safe for concurrent use.
#pragma once

#include <compare>
#include <cstdint>

#include "muster/base/mutex.h"

namespace muster::base {

// Milliseconds since the Unix epoch.  0 means "not set" where a field says so.
struct TimePoint {
  std::int64_t unix_ms = 0;
  friend auto operator<=>(const TimePoint&, const TimePoint&) = default;
};

// Source of the time of day and of a clock that never jumps.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time: for stamps that people or other processes read.
  virtual TimePoint Now() const = 0;
  // Milliseconds on CLOCK_BOOTTIME: for deadlines inside this process; counts time asleep too.
  virtual std::int64_t BootMs() const = 0;
  // Releases `mutex`, sleeps until `cv` is notified or BootMs() reaches `boot_ms` (kForever:
  // never), and takes `mutex` again.  May return early: the caller loops on its condition.  A clock
  // of the tests overrides it, so that nothing in them waits for real time.
  virtual void Wait(CondVar& cv, Mutex& mutex, std::int64_t boot_ms) const REQUIRES_LOCK(mutex);
};

inline constexpr std::int64_t kForever = INT64_MAX;

// The process-wide clock.  Never deleted.
const Clock& SystemClock();

}  // namespace muster::base
