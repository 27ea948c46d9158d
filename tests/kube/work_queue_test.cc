#include "muster/kube/work_queue.h"

#include <gtest/gtest.h>

#include "testing/manual_clock.h"

namespace muster::kube {
namespace {

class WorkQueueTest : public ::testing::Test {
 protected:
  testing::ManualClock clock_;
  WorkQueue queue_{clock_};
};

TEST_F(WorkQueueTest, AKeyComesAtItsTimeAndOnce) {
  queue_.AddAfter("a", 1'000);
  clock_.Advance(999);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
  clock_.Advance(1);
  EXPECT_EQ(queue_.TryGet(), "a");
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, TheEarlierMomentOfAKeyWins) {
  queue_.AddAfter("a", 1'000);
  queue_.AddAfter("a", 5'000);
  queue_.AddAfter("b", 5'000);
  queue_.AddAfter("b", 1'000);
  clock_.Advance(1'000);
  EXPECT_EQ(queue_.TryGet(), "a");
  EXPECT_EQ(queue_.TryGet(), "b");
  clock_.Advance(10'000);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, SaysWhenTheNextOneIsDue) {
  EXPECT_EQ(queue_.NextMs(), base::kForever);
  queue_.AddAfter("a", 2'000);
  queue_.AddAfter("b", 1'000);
  EXPECT_EQ(queue_.NextMs(), clock_.BootMs() + 1'000);
}

TEST_F(WorkQueueTest, BackoffDoublesUntilForgotten) {
  EXPECT_EQ(queue_.AddBackoff("a"), 1'000);
  EXPECT_EQ(queue_.AddBackoff("a"), 2'000);
  EXPECT_EQ(queue_.AddBackoff("a"), 4'000);
  EXPECT_EQ(queue_.AddBackoff("b"), 1'000);
  queue_.Forget("a");
  EXPECT_EQ(queue_.AddBackoff("a"), 1'000);
}

TEST_F(WorkQueueTest, BackoffIsCapped) {
  std::int64_t delay = 0;
  for (int i = 0; i < 100; ++i) delay = queue_.AddBackoff("a");
  EXPECT_EQ(delay, 300'000);
}

TEST_F(WorkQueueTest, AFailedKeyComesBackAfterItsBackoff) {
  queue_.AddBackoff("a");
  clock_.Advance(1'000);
  ASSERT_EQ(queue_.TryGet(), "a");
  queue_.AddBackoff("a");
  clock_.Advance(1'999);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
  clock_.Advance(1);
  EXPECT_EQ(queue_.TryGet(), "a");
}

}  // namespace
}  // namespace muster::kube
