#include "muster/base/clock.h"

#include <chrono>
#include <ctime>

namespace muster::base {
namespace {

class WallClock final : public Clock {
 public:
  TimePoint Now() const override {
    using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
    return {duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()};
  }
  std::int64_t BootMs() const override {
    timespec ts{};
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return static_cast<std::int64_t>(ts.tv_sec) * 1000 + ts.tv_nsec / 1'000'000;
  }
};

}  // namespace

void Clock::Wait(CondVar& cv, Mutex& mutex, std::int64_t boot_ms) const {
  if (boot_ms == kForever) {
    cv.wait(mutex);
    return;
  }
  const std::int64_t left = boot_ms - BootMs();
  if (left > 0) cv.wait_for(mutex, std::chrono::milliseconds(left));
}

const Clock& SystemClock() {
  static const WallClock clock;
  return clock;
}

}  // namespace muster::base
