#include "muster/kube/work_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <vector>

#include "testing/manual_clock.h"

namespace muster::kube {
namespace {

class WorkQueueTest : public ::testing::Test {
 protected:
  testing::ManualClock clock_;
  WorkQueue queue_{clock_};
};

TEST_F(WorkQueueTest, AKeyAddedTwiceComesOnce) {
  queue_.Add("a");
  queue_.Add("b");
  queue_.Add("a");
  EXPECT_EQ(queue_.TryGet(), "a");
  EXPECT_EQ(queue_.TryGet(), "b");
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, AKeyAddedWhileProcessedComesAgainAfterwards) {
  queue_.Add("a");
  ASSERT_EQ(queue_.TryGet(), "a");
  queue_.Add("a");
  queue_.Add("a");
  EXPECT_EQ(queue_.TryGet(), std::nullopt);  // never two workers at one key
  queue_.Done("a");
  EXPECT_EQ(queue_.TryGet(), "a");
  queue_.Done("a");
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, ADelayedKeyComesAtItsTime) {
  queue_.AddAfter("a", 1'000);
  clock_.Advance(999);
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
  clock_.Advance(1);
  EXPECT_EQ(queue_.TryGet(), "a");
}

TEST_F(WorkQueueTest, TheEarlierDelayWins) {
  queue_.AddAfter("a", 1'000);
  queue_.AddAfter("a", 5'000);
  queue_.AddAfter("b", 5'000);
  queue_.AddAfter("b", 1'000);
  clock_.Advance(1'000);
  EXPECT_EQ(queue_.TryGet(), "a");
  EXPECT_EQ(queue_.TryGet(), "b");
  clock_.Advance(10'000);
  queue_.Done("a");
  EXPECT_EQ(queue_.TryGet(), std::nullopt);
}

TEST_F(WorkQueueTest, BackoffDoublesUntilForgotten) {
  EXPECT_EQ(queue_.AddBackoff("a"), 10);
  EXPECT_EQ(queue_.AddBackoff("a"), 20);
  EXPECT_EQ(queue_.AddBackoff("a"), 40);
  EXPECT_EQ(queue_.AddBackoff("b"), 10);
  EXPECT_EQ(queue_.Failures("a"), 3);
  queue_.Forget("a");
  EXPECT_EQ(queue_.AddBackoff("a"), 10);
}

TEST_F(WorkQueueTest, BackoffIsCapped) {
  std::int64_t delay = 0;
  for (int i = 0; i < 100; ++i) delay = queue_.AddBackoff("a");
  EXPECT_EQ(delay, 300'000);
}

TEST_F(WorkQueueTest, AfterShutDownOnlyWhatIsReadyComes) {
  queue_.Add("a");
  queue_.AddAfter("late", 10);
  queue_.ShutDown();
  queue_.Add("b");
  clock_.Advance(10);
  EXPECT_EQ(queue_.Get(), "a");
  EXPECT_EQ(queue_.Get(), std::nullopt);
}

TEST_F(WorkQueueTest, GetSleepsUntilADelayHasPassed) {
  std::optional<std::string> got;
  std::thread worker([&] { got = queue_.Get(); });
  queue_.AddAfter("a", 60'000);
  EXPECT_EQ(clock_.AdvanceToNext(), 60'000);
  worker.join();
  EXPECT_EQ(got, "a");
}

TEST_F(WorkQueueTest, ManyWorkersNeverShareAKey) {
  base::Mutex mutex;
  std::map<std::string, int> holders;
  bool shared = false;
  int processed = 0;
  const auto work = [&] {
    while (auto key = queue_.Get()) {
      {
        base::Lock lock(mutex);
        shared |= ++holders[*key] > 1;
        ++processed;
      }
      {
        base::Lock lock(mutex);
        --holders[*key];
      }
      queue_.Done(*key);
    }
  };
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) workers.emplace_back(work);
  for (int i = 0; i < 2'000; ++i) queue_.Add(std::to_string(i % 7));
  queue_.ShutDown();
  for (std::thread& worker : workers) worker.join();
  EXPECT_FALSE(shared);
  EXPECT_GE(processed, 7);
}

TEST_F(WorkQueueTest, CountsForTheMetrics) {
  queue_.Add("a");
  queue_.Add("b");
  queue_.TryGet();
  queue_.AddBackoff("c");
  const WorkQueueStats stats = queue_.stats();
  EXPECT_EQ(stats.depth, 1);
  EXPECT_EQ(stats.adds, 2);
  EXPECT_EQ(stats.processing, 1);
  EXPECT_EQ(stats.retries, 1);
  EXPECT_EQ(stats.delayed, 1);
}

}  // namespace
}  // namespace muster::kube
