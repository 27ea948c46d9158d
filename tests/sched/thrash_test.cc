// Small worlds, exhausted: with the rules of preemption no order of arrivals ends in endless
// eviction; without them, the same search finds loops.  MUSTER_CAMPAIGN=1 walks through all worlds,
// else every 97th of the large ones.  In every third world a budget covers the
// gangs of priority 250.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::Request;
using testing::Scenario;
using testing::Seconds;

struct Kind {
  int tenant;  // of three
  std::int32_t priority;
  std::int32_t pods;
  std::int64_t gpus;  // of a pod
  // Of least attained service, in hours of one device; -1: it takes no part.
  std::int64_t attained_h = -1;
};

constexpr Kind kKinds[] = {{0, 250, 1, 4},    {0, 500, 1, 4}, {0, 500, 2, 4},    {0, 250, 1, 2},
                           {1, 250, 1, 4},    {1, 500, 1, 4}, {1, 500, 2, 4},    {1, 500, 1, 2},
                           {2, 500, 1, 4},    {2, 100, 2, 3}, {0, 500, 1, 4, 0}, {0, 500, 2, 4, 5},
                           {1, 500, 1, 4, 50}};
constexpr int kKindCount = sizeof(kKinds) / sizeof(kKinds[0]);
constexpr std::int64_t kGuarantees[][3] = {{0, 0, 0}, {4, 4, 0}, {8, 0, 0}, {2, 6, 4}, {8, 8, 4}};
constexpr int kMostCycles = 40;
constexpr char kBudget[] = "p/budget";

// Two nodes of four GPUs, and what the cluster does with a Plan.
class SmallWorld {
 public:
  SmallWorld(const std::int64_t (&guarantees)[3], PreemptionRules rules, int code)
      : slow_(code % 2 == 1) {
    if (code % 3 == 0) s_.world.SetBudget({kBudget, 1});
    s_.policy.preemption_rules = rules;
    s_.Node("a", 4).Node("b", 4);
    for (int t = 0; t < 3; ++t)
      s_.Tenant(std::string(1, static_cast<char>('p' + t)), guarantees[t]);
  }

  // Whether the world comes to rest after the arrival.
  bool Arrive(const Kind& kind) {
    const std::string name =
        std::string(1, static_cast<char>('p' + kind.tenant)) + "/" + std::to_string(jobs_.size());
    Gang gang = s_.MakeGang(name, kind.pods, kind.gpus);
    gang.priority = kind.priority;
    gang.max_preemptions = 1'000'000;
    gang.least_attained = kind.attained_h >= 0;
    gang.attained_ms = std::max<std::int64_t>(0, kind.attained_h) * 3'600'000;
    jobs_[name] = {gang, kind.gpus, {}};
    s_.Job(gang);
    return Settle();
  }

 private:
  struct Job {
    Gang gang;  // as it waits
    std::int64_t gpus = 0;
    std::vector<std::string> pods;
  };

  bool Settle() {
    for (int cycle = 0; cycle < kMostCycles; ++cycle) {
      s_.world.SetNow({s_.world.now().unix_ms + 1000});
      const Plan plan = s_.Decide();
      const bool quiet = plan.starts.empty() && plan.evictions.empty() && ending_.empty();
      Free();
      for (const Start& start : plan.starts) Carry(start);
      for (const Eviction& eviction : plan.evictions) Release(eviction);
      s_.world.SetReservations(plan.reservations);
      if (!slow_) Free();
      if (quiet) return true;
    }
    return false;
  }

  void Carry(const Start& start) {
    Job& job = jobs_[s_.world.gang(start.gang).name];
    Gang gang = job.gang;
    gang.state = GangState::kRunning;
    gang.tasks[0].replicas = 0;
    gang.started = s_.world.now();
    gang.borrowing = start.borrowing;
    if (gang.priority == 250) gang.budgets = {{kBudget, job.gang.tasks[0].replicas}};
    for (const Place& place : start.places) {
      for (int i = 0; i < place.count; ++i) {
        Occupant occupant;
        occupant.key = gang.name + "#" + std::to_string(job.pods.size());
        occupant.node = s_.world.NodeName(place.node);
        occupant.gang = gang.uid;
        occupant.tenant = gang.tenant;
        occupant.ns = gang.ns;
        occupant.amounts = Request(job.gpus);
        job.pods.push_back(occupant.key);
        s_.world.SetOccupant(occupant);
      }
    }
    s_.world.SetGang(gang);
  }

  void Release(const Eviction& eviction) {
    Gang gang = s_.world.gang(eviction.victim);
    gang.state = GangState::kReleasing;
    gang.beneficiary = s_.world.gang(eviction.beneficiary).uid;
    ending_.push_back(gang.name);
    s_.world.SetGang(gang);
  }

  // What was being evicted is gone, and waits again.
  void Free() {
    for (const std::string& name : ending_) {
      Job& job = jobs_[name];
      for (const std::string& pod : job.pods) s_.world.RemoveOccupant(pod);
      job.pods.clear();
      s_.world.SetGang(job.gang);
    }
    ending_.clear();
  }

  Scenario s_;
  bool slow_;
  std::map<std::string, Job> jobs_;
  std::vector<std::string> ending_;
};

// Worlds that never come to rest, of all sequences of `jobs` arrivals, every stride-th.
int Restless(int jobs, int stride, PreemptionRules rules) {
  int total = 1;
  for (int i = 0; i < jobs; ++i) total *= kKindCount;
  int restless = 0;
  int number = 0;
  for (const auto& guarantees : kGuarantees) {
    for (int code = number++ % stride; code < total; code += stride) {
      SmallWorld world(guarantees, rules, code);
      bool rests = true;
      for (int i = 0, rest = code; i < jobs && rests; ++i, rest /= kKindCount) {
        rests = world.Arrive(kKinds[rest % kKindCount]);
      }
      restless += rests ? 0 : 1;
      EXPECT_TRUE(rests || rules == PreemptionRules::kNone)
          << jobs << " jobs, world " << code << ", guarantee of the first " << guarantees[0];
    }
  }
  return restless;
}

bool Campaign() { return std::getenv("MUSTER_CAMPAIGN") != nullptr; }

TEST(Thrash, NoSmallWorldEvictsWithoutEnd) {
  EXPECT_EQ(Restless(3, Campaign() ? 1 : 7, PreemptionRules::kProven), 0);
  EXPECT_EQ(Restless(4, Campaign() ? 1 : 97, PreemptionRules::kProven), 0);
}

TEST(Thrash, WithoutTheRulesLoopsAreFound) {
  EXPECT_GT(Restless(3, 29, PreemptionRules::kNone), 0);
}

}  // namespace
}  // namespace muster::sched
