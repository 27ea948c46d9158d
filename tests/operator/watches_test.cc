#include "watches.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "testing/fake_api_server.h"
#include "testing/manual_clock.h"

namespace muster::op {
namespace {

using testing::FaultKind;

class WatchesTest : public ::testing::Test {
 protected:
  ~WatchesTest() override { watches_.Stop(); }

  // The owner thread: `turn` is asked after each batch, until it says true; `caught` is told what
  // was thrown.
  void Run(
      const std::function<bool()>& turn, const std::function<void(const std::string&)>& caught =
                                             [](const std::string& what) { FAIL() << what; }) {
    watches_.Start();
    loop_.Run(
        [&] {
          if (turn()) loop_.Stop();
          return 0;
        },
        [&](const std::exception& error) { caught(error.what()); });
  }
  // Waits until the LIST of every kind has arrived and is not taken in yet.
  void AwaitQueued() {
    while (loop_.depth() < watches_.states().size()) std::this_thread::yield();
  }

  testing::ManualClock clock_;
  testing::FakeApiServer api_{clock_};
  std::shared_ptr<kube::Transport> transport_ = api_.transport();
  state::ClusterState state_{{}, clock_};
  EventLoop loop_{clock_};
  Watches watches_{*transport_, clock_, loop_, state_};
};

TEST_F(WatchesTest, WhatIsListedAfterTheWishIsFresh) {
  bool wished = false;
  Run([&] {
    if (!watches_.AllSynced()) return false;
    if (!wished) watches_.Relist();
    return std::exchange(wished, true) && watches_.Fresh();
  });
  EXPECT_TRUE(watches_.Fresh());
}

TEST_F(WatchesTest, AListThatWasUnderWayBeforeTheWishDoesNotAnswerIt) {
  bool wished = false;
  Run([&] {
    if (wished || !watches_.AllSynced()) return wished;
    watches_.Relist();
    AwaitQueued();
    api_.Inject({.method = "GET", .kind = FaultKind::kSilence, .times = 1'000});
    watches_.Relist();  // a leader's barrier, while LISTs from before it are still to be taken in
    wished = true;
    return false;
  });
  EXPECT_FALSE(watches_.Fresh());
}

TEST_F(WatchesTest, AListWithAnObjectThatCannotBeTakenInIsFreshAndTheObjectIsTold) {
  api_.Put("/apis/scheduler.io/v1/namespaces/team/jobs/poison", R"({"spec":{"image":"i"}})");
  bool wished = false;
  std::vector<std::string> told;
  Run(
      [&] {
        if (!watches_.AllSynced()) return false;
        if (!std::exchange(wished, true)) {
          // Looked up when the job is taken in, and not there.
          state_.FindJob("team/poison")->pods.insert("team/unknown");
          watches_.Relist();
        }
        return watches_.Fresh() && !told.empty();
      },
      [&](const std::string& what) { told.push_back(what); });
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(told[0].starts_with("jobs team/poison: ")) << told[0];
}

}  // namespace
}  // namespace muster::op
