#include "poison_guard.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "testing/manual_clock.h"

namespace muster::op {
namespace {

class PoisonGuardTest : public ::testing::Test {
 protected:
  // Reconciles "ja/x", which throws; what is logged.
  std::string Poison(const PoisonGuard::Tell& tell = {}) {
    ::testing::internal::CaptureStderr();
    guard_.Reconcile(
        "job", "ja/x", [] { throw std::runtime_error("out of range"); }, tell);
    return ::testing::internal::GetCapturedStderr();
  }
  bool Counted(const std::string& result, int count) {
    const std::string series = "controller_runtime_reconcile_total{controller=\"job\",result=\"" +
                               result + "\"} " + std::to_string(count) + "\n";
    return metrics_.Text().find(series) != std::string::npos;
  }

  testing::ManualClock clock_;
  kube::WorkQueue retries_{clock_};
  telemetry::Metrics metrics_{false};
  PoisonGuard guard_{metrics_, retries_};
};

TEST_F(PoisonGuardTest, WhatIsThrownIsCountedAndLogged) {
  EXPECT_NE(Poison().find("object cannot be reconciled controller=\"job\" key=\"a/x\" "
                          "error=\"out of range\""),
            std::string::npos);
  EXPECT_TRUE(Counted("error", 1));
}

TEST_F(PoisonGuardTest, TheNextObjectHasItsTurn) {
  Poison();
  bool ran = false;
  guard_.Reconcile("job", "ja/y", [&] { ran = true; });
  EXPECT_TRUE(ran);
  EXPECT_TRUE(Counted("success", 1));
  clock_.Advance(600'000);
  EXPECT_EQ(retries_.TryGet(), "ja/x");
  EXPECT_EQ(retries_.TryGet(), std::nullopt);
}

TEST_F(PoisonGuardTest, APoisonedObjectIsTriedAgainLaterAndLaterUntilItIsWell) {
  for (const std::int64_t delay : {1'000, 2'000, 4'000}) {
    Poison();
    EXPECT_EQ(retries_.NextMs(), clock_.BootMs() + delay);
    clock_.Advance(delay);
    ASSERT_EQ(retries_.TryGet(), "ja/x");
  }
  guard_.Reconcile("job", "ja/x", [] {});
  Poison();
  EXPECT_EQ(retries_.NextMs(), clock_.BootMs() + 1'000);
}

TEST_F(PoisonGuardTest, TheObjectIsToldWhatWasThrownAndThatMayThrowToo) {
  std::string told;
  Poison([&](const std::string& trouble) {
    told = trouble;
    throw std::runtime_error("and again");
  });
  EXPECT_EQ(told, "out of range");
  EXPECT_TRUE(Counted("error", 2));
}

}  // namespace
}  // namespace muster::op
