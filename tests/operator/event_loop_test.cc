#include "event_loop.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "muster/base/clock.h"
#include "testing/manual_clock.h"

namespace muster::op {
namespace {

TEST(EventLoopTest, WhatOneClosureThrowsIsToldAndTheNextOneRuns) {
  EventLoop loop(base::SystemClock());
  std::string seen;
  loop.Post([] { throw std::runtime_error("poison"); });
  loop.Post([&] { seen += "next"; });
  loop.Run(
      [&] {
        loop.Stop();
        return std::int64_t{1};
      },
      [&](const std::exception& error) { seen += std::string(error.what()) + ","; });
  EXPECT_EQ(seen, "poison,next");
}

TEST(EventLoopTest, ATurnThatThrewIsCalledAgainAfterASecond) {
  testing::ManualClock clock;
  EventLoop loop(clock);
  std::string seen;
  int turns = 0;
  loop.Post([] {});
  std::thread owner([&] {
    loop.Run(
        [&]() -> std::int64_t {
          if (++turns == 1) throw std::runtime_error("poison");
          loop.Stop();
          return 0;
        },
        [&](const std::exception& error) { seen += error.what(); });
  });
  EXPECT_EQ(clock.AdvanceToNext(), 1'000);
  owner.join();
  EXPECT_EQ(seen, "poison");
  EXPECT_EQ(turns, 2);
}

}  // namespace
}  // namespace muster::op
