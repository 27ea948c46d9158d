// Recorded cycles, decided again.
#include "muster/sim/replay.h"

#include <gtest/gtest.h>

#include "muster/sched/snapshot.h"
#include "muster/sim/engine.h"
#include "sim/sim_builder.h"

namespace muster::sim {
namespace {

using testing::MakeJob;
using testing::MakeWorkload;

// Every cycle of a run in which a large job waits behind a small one.
std::string Record(std::uint64_t spoil = 0) {
  std::string cycles;
  RunOptions options;
  options.decided = [&](const sched::World& world, const sched::Policy& policy,
                        const sched::Plan& plan) {
    cycles += sched::SnapshotText(world, policy, sched::DigestOf(plan, world) ^ spoil);
  };
  Job bounded = MakeJob("bounded", 0, 50, 4);
  bounded.bound_ms = 100'000;
  Simulate(MakeWorkload(1, {bounded, MakeJob("large", 1, 10, 8), MakeJob("late", 2, 500, 4)}),
           sched::Policy{}, options);
  return cycles;
}

TEST(Replay, EveryCycleGivesTheRecordedPlan) {
  const std::string cycles = Record();
  const auto replay = ReplayCycles({"cycles", cycles}, std::nullopt);
  ASSERT_TRUE(replay.ok()) << replay.error().message;
  EXPECT_GE(replay->cycles, 5);
  EXPECT_EQ(replay->other, 0);
}

TEST(Replay, APlanThatIsNotTheRecordedOneIsTold) {
  const std::string cycles = Record(1);
  const auto replay = ReplayCycles({"cycles", cycles}, std::nullopt);
  ASSERT_TRUE(replay.ok());
  EXPECT_EQ(replay->other, replay->cycles);
  EXPECT_NE(replay->text.find("cycle 1 at 1970-01-01T00:00:00Z: the plan is not the recorded one"),
            std::string::npos);
}

TEST(Replay, AnotherPolicyShowsWhatItWouldDecide) {
  sched::Policy slots;
  slots.slots = 1;
  const std::string cycles = Record();
  const auto replay = ReplayCycles({"cycles", cycles}, slots);
  ASSERT_TRUE(replay.ok());
  EXPECT_GE(replay->changed, 1);
  // A slot for the large job keeps the one without a bound out of the place.
  EXPECT_NE(replay->text.find("  - start a/late B: node-0000000 main x1\n"), std::string::npos)
      << replay->text;
  EXPECT_NE(replay->text.find("  + reserve a/large:"), std::string::npos) << replay->text;
}

TEST(Replay, ATornFileIsNamedWithItsPlace) {
  const std::string cycles = Record();
  const auto replay = ReplayCycles({"cycles", cycles.substr(0, 40)}, std::nullopt);
  ASSERT_FALSE(replay.ok());
  EXPECT_EQ(replay.error().message.substr(0, 9), "cycles:4:") << replay.error().message;
}

}  // namespace
}  // namespace muster::sim
