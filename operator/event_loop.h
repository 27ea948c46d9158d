// The one owner thread: closures posted by reflectors, answers and timers run here, one after the
// other; after each batch the turn function decides what to do.
//
// Threads: Post and Stop from any thread; Run on the owner.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <vector>

#include "muster/base/clock.h"
#include "muster/base/mutex.h"

namespace muster::op {

class EventLoop {
 public:
  explicit EventLoop(const base::Clock& clock) : clock_(clock) {}

  void Post(std::function<void()> closure);
  // Runs until Stop: takes all closures, runs them, then calls `turn`, which returns in how many
  // milliseconds it wants to be called again at the latest (0: only with new closures).  What a
  // closure or `turn` throws goes to `caught`, and the next one runs; a turn that threw is called
  // again after a second.  One object that cannot be handled is no reason to end the process, which
  // would meet it again.
  void Run(const std::function<std::int64_t()>& turn,
           const std::function<void(const std::exception&)>& caught);
  void Stop();
  // Closures that wait.
  std::size_t depth() const;

 private:
  // Waits for closures, at most `wait_ms` (0: without end), and takes them; false once stopped.
  bool Take(std::int64_t wait_ms, std::vector<std::function<void()>>& batch);

  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  base::CondVar wake_;
  std::vector<std::function<void()>> queue_ GUARDED_BY(mutex_);
  bool stopped_ GUARDED_BY(mutex_) = false;
};

}  // namespace muster::op
