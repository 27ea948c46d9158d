// A Clock that moves only when a test says so.  Threads that sleep through Clock::Wait sleep until
// then: nothing in a test waits for real time.
//
// Threads: safe for concurrent use.  Advance wakes the sleepers whose moment has come.
#pragma once

#include <algorithm>
#include <list>
#include <vector>

#include "muster/base/clock.h"

namespace muster::testing {

class ManualClock final : public base::Clock {
 public:
  // 2024-01-01T00:00:00Z, and an hour since boot.
  explicit ManualClock(std::int64_t unix_ms = 1'704'067'200'000, std::int64_t boot_ms = 3'600'000)
      : unix_ms_(unix_ms), boot_ms_(boot_ms) {}

  base::TimePoint Now() const override {
    base::Lock lock(mutex_);
    return {unix_ms_};
  }
  std::int64_t BootMs() const override {
    base::Lock lock(mutex_);
    return boot_ms_;
  }

  void Wait(base::CondVar& cv, base::Mutex& mutex, std::int64_t boot_ms) const override
      REQUIRES_LOCK(mutex) {
    std::list<Sleeper>::iterator self;
    {
      base::Lock lock(mutex_);
      if (boot_ms_ >= boot_ms) return;
      self = sleepers_.insert(sleepers_.end(), {&cv, &mutex, boot_ms});
      changed_.notify_all();
    }
    cv.wait(mutex);
    mutex.unlock();  // Advance may be about to lock it
    {
      base::Lock lock(mutex_);
      while (self->pins > 0) unpinned_.wait(mutex_);
      sleepers_.erase(self);
    }
    mutex.lock();
  }

  // Moves both clocks.  REQUIRES: the caller holds no mutex that a sleeper sleeps on.
  void Advance(std::int64_t ms) {
    std::vector<Sleeper*> due;
    {
      base::Lock lock(mutex_);
      unix_ms_ += ms;
      boot_ms_ += ms;
      for (Sleeper& s : sleepers_) {
        if (s.boot_ms > boot_ms_) continue;
        ++s.pins;  // it may wake by itself, but not go
        due.push_back(&s);
      }
    }
    for (Sleeper* s : due) {
      // A sleeper that has not yet reached its cv.wait holds its mutex: then this waits for it.
      { base::Lock held(*s->mutex); }
      s->cv->notify_all();
    }
    base::Lock lock(mutex_);
    for (Sleeper* s : due) --s->pins;
    unpinned_.notify_all();
  }

  // Waits until some thread sleeps towards a moment at most `within_ms` away, then moves there.
  // Returns by how much.  Use `within_ms` to let distant deadlines (an idle cut) lie.
  std::int64_t AdvanceToNext(std::int64_t within_ms = base::kForever) {
    std::int64_t step = 0;
    {
      base::Lock lock(mutex_);
      while ((step = NextStep(within_ms)) < 0) changed_.wait(mutex_);
    }
    Advance(step);
    return step;
  }

 private:
  struct Sleeper {
    base::CondVar* cv;
    base::Mutex* mutex;
    std::int64_t boot_ms;
    int pins = 0;  // Advance is about to use its cv
  };

  std::int64_t NextStep(std::int64_t within_ms) const REQUIRES_LOCK(mutex_) {
    std::int64_t best = -1;
    for (const Sleeper& s : sleepers_) {
      if (s.boot_ms == base::kForever || s.boot_ms <= boot_ms_) continue;
      const std::int64_t step = s.boot_ms - boot_ms_;
      if (step <= within_ms && (best < 0 || step < best)) best = step;
    }
    return best;
  }

  mutable base::Mutex mutex_;
  mutable base::CondVar changed_;
  mutable base::CondVar unpinned_;
  mutable std::list<Sleeper> sleepers_ GUARDED_BY(mutex_);
  std::int64_t unix_ms_ GUARDED_BY(mutex_);
  std::int64_t boot_ms_ GUARDED_BY(mutex_);
};

}  // namespace muster::testing
