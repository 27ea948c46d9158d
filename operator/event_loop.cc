#include "event_loop.h"

#include <utility>

namespace muster::op {
namespace {

constexpr std::int64_t kTurnRetryMs = 1'000;  // after a turn that threw

}  // namespace

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
  const std::int64_t until = wait_ms == 0 ? base::kForever : clock_.BootMs() + wait_ms;
  while (queue_.empty() && !stopped_ && clock_.BootMs() < until) {
    clock_.Wait(wake_, mutex_, until);
  }
  batch.swap(queue_);
  return !stopped_;
}

void EventLoop::Run(const std::function<std::int64_t()>& turn,
                    const std::function<void(const std::exception&)>& caught) {
  std::int64_t wait_ms = 1;
  const auto guarded = [&](const std::function<void()>& work) {
    try {
      work();
    } catch (const std::exception& error) {
      caught(error);
    }
  };
  std::vector<std::function<void()>> batch;
  while (Take(wait_ms, batch)) {
    for (const std::function<void()>& closure : batch) guarded(closure);
    batch.clear();
    wait_ms = kTurnRetryMs;
    guarded([&] { wait_ms = turn(); });
  }
}

}  // namespace muster::op
