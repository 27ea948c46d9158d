#include "event_loop.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "muster/base/clock.h"

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

}  // namespace
}  // namespace muster::op
