#include "controllers/status_pacer.h"

#include <gtest/gtest.h>

namespace muster::op {
namespace {

TEST(StatusPacer, OneWriteASecond) {
  StatusPacer pacer;
  EXPECT_EQ(pacer.DelayMs(5'000), 0);
  pacer.NoteSent(5'000);
  pacer.NoteWritten("7");
  EXPECT_EQ(pacer.DelayMs(5'400), 600);
  EXPECT_EQ(pacer.DelayMs(6'000), 0);
}

TEST(StatusPacer, NoneWhileOneIsUnderWayOrNotSeen) {
  StatusPacer pacer;
  EXPECT_FALSE(pacer.Blocked("7"));
  pacer.NoteSent(5'000);
  EXPECT_TRUE(pacer.Blocked("7"));
  EXPECT_TRUE(pacer.Blocked("8"));
  pacer.NoteWritten("7");
  EXPECT_TRUE(pacer.Blocked("7"));
  EXPECT_FALSE(pacer.Blocked("8"));
}

TEST(StatusPacer, TwoSecondsAfterOneThatFailed) {
  StatusPacer pacer;
  pacer.NoteSent(5'000);
  pacer.NoteFailed(5'100);
  EXPECT_FALSE(pacer.Blocked("7"));
  EXPECT_EQ(pacer.DelayMs(5'100), 2'000);
}

}  // namespace
}  // namespace muster::op
