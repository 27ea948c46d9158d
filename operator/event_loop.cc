#include "event_loop.h"

#include <chrono>
#include <utility>

namespace muster::op {

void EventLoop::Post(std::function<void()> closure) {
  {
    base::Lock lock(mutex_);
    queue_.push_back(std::move(closure));
  }
  wake_.notify_one();
}

void EventLoop::Stop() {
  {
    base::Lock lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_one();
}

std::size_t EventLoop::depth() const {
  base::Lock lock(mutex_);
  return queue_.size();
}

bool EventLoop::Take(std::int64_t wait_ms, std::vector<std::function<void()>>& batch) {
  base::Lock lock(mutex_);
  const std::int64_t until = clock_.BootMs() + wait_ms;
  while (queue_.empty() && !stopped_ && (wait_ms == 0 || clock_.BootMs() < until)) {
    if (wait_ms == 0) {
      wake_.wait(mutex_);
    } else {
      wake_.wait_for(mutex_, std::chrono::milliseconds(until - clock_.BootMs()));
    }
  }
  batch.swap(queue_);
  return !stopped_;
}

void EventLoop::Run(const std::function<std::int64_t()>& turn,
                    const std::function<void(const std::exception&)>& caught) {
  std::int64_t wait_ms = 1;
  std::vector<std::function<void()>> batch;
  while (Take(wait_ms, batch)) {
    for (const std::function<void()>& closure : batch) {
      try {
        closure();
      } catch (const std::exception& error) {
        caught(error);
      }
    }
    batch.clear();
    wait_ms = turn();
  }
}

}  // namespace muster::op
