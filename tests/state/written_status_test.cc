#include <gtest/gtest.h>

#include "muster/api/codec.h"
#include "muster/base/clock.h"
#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

api::Job JobAt(const std::string& version, bool suspend, const std::string& phase) {
  return api::Decode<api::Job>(
      R"({"metadata":{"namespace":"a","name":"j","uid":"u","generation":)" +
      std::string(suspend ? "2" : "1") + R"(,"resourceVersion":")" + version +
      R"("},"spec":{"suspend":)" + (suspend ? "true" : "false") +
      R"(,"tasks":[{"name":"main","replicas":2,"template":{"spec":{"containers":[]}}}]},)" +
      R"("status":{"phase":")" + phase + R"("}})");
}

class WrittenStatusTest : public testing::Test {
 protected:
  const api::Job& job() { return state_.FindJob("a/j")->job; }
  const std::string& version() { return job().meta.resource_version; }

  ClusterState state_{{}, base::SystemClock()};
};

TEST_F(WrittenStatusTest, AnswerIsInForceBeforeTheWatchShowsIt) {
  state_.Upsert(JobAt("10", false, "Scheduling"));
  state_.ObserveWritten(JobAt("11", false, "Running"), "10");
  EXPECT_EQ(job().status.phase, "Running");
  state_.Upsert(JobAt("10", false, "Scheduling"));  // the watch is behind
  EXPECT_EQ(version(), "11");
  state_.Upsert(JobAt("11", false, "Running"));
  state_.Upsert(JobAt("12", true, "Running"));
  EXPECT_EQ(version(), "12");
}

TEST_F(WrittenStatusTest, EditThatTheWatchShowedBeforeTheAnswerCameIsNotLost) {
  state_.Upsert(JobAt("10", false, "Scheduling"));
  state_.Upsert(JobAt("11", false, "Running"));
  state_.Upsert(JobAt("12", true, "Running"));
  state_.ObserveWritten(JobAt("11", false, "Running"), "10");  // the answer was slow
  EXPECT_TRUE(job().spec.suspend);
  state_.Upsert(JobAt("13", false, "Running"));
  EXPECT_EQ(version(), "13");
}

TEST_F(WrittenStatusTest, WatchThatShowedJustTheWriteGoesOn) {
  state_.Upsert(JobAt("10", false, "Scheduling"));
  state_.Upsert(JobAt("11", false, "Running"));
  state_.ObserveWritten(JobAt("11", false, "Running"), "10");
  state_.Upsert(JobAt("12", true, "Running"));
  EXPECT_EQ(version(), "12");
}

TEST_F(WrittenStatusTest, WriteThatChangedNothingIsNotAwaited) {
  state_.Upsert(JobAt("10", false, "Scheduling"));
  state_.ObserveWritten(JobAt("10", false, "Scheduling"), "10");
  state_.Upsert(JobAt("11", true, "Scheduling"));
  EXPECT_EQ(version(), "11");
}

// It may free what the write has taken.
TEST_F(WrittenStatusTest, ListFromBeforeTheWriteIsNotBelieved) {
  state_.Upsert(JobAt("10", false, "Scheduling"));
  state_.ObserveWritten(JobAt("11", false, "Running"), "10");
  std::vector<api::Job> listed;
  listed.push_back(JobAt("10", false, "Scheduling"));
  state_.Replace(std::move(listed));
  EXPECT_EQ(version(), "11");
  state_.Upsert(JobAt("11", false, "Running"));
  EXPECT_EQ(version(), "11");
}

}  // namespace
}  // namespace muster::state
