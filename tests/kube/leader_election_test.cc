#include "muster/kube/leader_election.h"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <set>

#include "testing/fake_api_server.h"
#include "testing/manual_clock.h"

namespace muster::kube {
namespace {

using testing::FaultKind;

constexpr char kLease[] = "/apis/coordination.k8s.io/v1/namespaces/muster-system/leases/muster";
// Only sleeps between two looks are stepped over, never a request's own time.
constexpr std::int64_t kLook = 600;

// A replica: an elector and what it reported.
class Replica {
 public:
  Replica(testing::FakeApiServer& api, const base::Clock& clock, const std::string& name)
      : elector_(api.transport(), clock,
                 {.ns = "muster-system",
                  .name = "muster",
                  .identity = name,
                  .lease_duration_ms = 4'000,
                  .renew_deadline_ms = 3'000,
                  .retry_period_ms = 500}) {
    elector_.Start({[this](std::int64_t epoch) { Report("leads " + std::to_string(epoch)); },
                    [this] { Report("stopped: " + elector_.lost_reason()); }});
  }
  LeaderElector& elector() { return elector_; }
  std::string Await() {
    base::Lock lock(mutex_);
    while (reports_.empty()) changed_.wait(mutex_);
    std::string report = reports_.front();
    reports_.erase(reports_.begin());
    return report;
  }

 private:
  void Report(std::string what) {
    base::Lock lock(mutex_);
    reports_.push_back(std::move(what));
    changed_.notify_all();
  }

  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<std::string> reports_;
  LeaderElector elector_;
};

class LeaderElectionTest : public ::testing::Test {
 protected:
  void PutLease(const std::string& holder, int transitions) {
    api_.Put(kLease, R"({"spec":{"holderIdentity":")" + holder +
                         R"(","leaseDurationSeconds":4,"leaseTransitions":)" +
                         std::to_string(transitions) + "}}");
  }
  nlohmann::json Spec() { return nlohmann::json::parse(*api_.Get(kLease))["spec"]; }
  // Steps from look to look until as many GETs or PATCHes have arrived.
  void StepUntilSeen(const std::string& method, std::size_t count) {
    while (api_.Seen(method).size() < count) {
      clock_.AdvanceToNext(kLook);
      api_.Drain();
    }
  }

  testing::ManualClock clock_;
  testing::FakeApiServer api_{clock_};
};

TEST_F(LeaderElectionTest, MakesTheLeaseWhenThereIsNone) {
  Replica a(api_, clock_, "a");
  EXPECT_EQ(a.Await(), "leads 1");
  EXPECT_TRUE(a.elector().MayWrite());
  EXPECT_EQ(Spec()["holderIdentity"], a.elector().holder_identity());
  EXPECT_EQ(Spec()["leaseDurationSeconds"], 4);
  EXPECT_EQ(Spec()["leaseTransitions"], 1);
}

TEST_F(LeaderElectionTest, TakesOverOnlyAfterAWholeDurationWithoutAChange) {
  PutLease("other_1", 5);
  const std::int64_t start = clock_.BootMs();
  Replica a(api_, clock_, "a");
  StepUntilSeen("PATCH", 1);
  EXPECT_EQ(a.Await(), "leads 6");
  EXPECT_GE(clock_.BootMs() - start, 4'000);
  EXPECT_LE(clock_.BootMs() - start, 4'500);
}

TEST_F(LeaderElectionTest, ALeaseThatChangesIsNotTaken) {
  PutLease("other_1", 5);
  Replica a(api_, clock_, "a");
  for (std::size_t looks = 4; looks <= 40; looks += 4) {
    StepUntilSeen("GET", looks);
    PutLease("other_1", 5);
  }
  EXPECT_TRUE(api_.Seen("PATCH").empty());
  EXPECT_FALSE(a.elector().MayWrite());
  EXPECT_EQ(a.elector().holder(), "other_1");
}

TEST_F(LeaderElectionTest, OfTwoContendersOneWins) {
  Replica a(api_, clock_, "a");
  Replica b(api_, clock_, "b");
  while (api_.Seen("GET").size() < 6) {
    clock_.AdvanceToNext(kLook);
    api_.Drain();
  }
  EXPECT_NE(a.elector().epoch() > 0, b.elector().epoch() > 0);
  EXPECT_EQ(Spec()["leaseTransitions"], 1);
}

TEST_F(LeaderElectionTest, AFrozenLeaderMayNotWriteWhenItWakes) {
  Replica a(api_, clock_, "a");
  ASSERT_EQ(a.Await(), "leads 1");
  clock_.Advance(3'000);
  EXPECT_FALSE(a.elector().MayWrite());
  EXPECT_EQ(a.Await(), "stopped: the lease was not renewed in time");
  EXPECT_EQ(a.elector().epoch(), 0);
}

TEST_F(LeaderElectionTest, RenewalsKeepALeaderWriting) {
  Replica a(api_, clock_, "a");
  ASSERT_EQ(a.Await(), "leads 1");
  StepUntilSeen("PATCH", 20);
  EXPECT_TRUE(a.elector().MayWrite());
  EXPECT_EQ(a.elector().epoch(), 1);
}

TEST_F(LeaderElectionTest, StoppingGivesTheLeaseBackAtOnce) {
  const std::int64_t start = clock_.BootMs();
  Replica a(api_, clock_, "a");
  ASSERT_EQ(a.Await(), "leads 1");
  Replica b(api_, clock_, "b");
  a.elector().Stop();
  EXPECT_FALSE(a.elector().MayWrite());
  while (b.elector().epoch() == 0) clock_.AdvanceToNext(kLook);
  EXPECT_EQ(b.Await(), "leads 2");
  EXPECT_LE(clock_.BootMs() - start, 1'000);
}

TEST_F(LeaderElectionTest, TheSameReplicaRaisesTheEpochToo) {
  {
    Replica a(api_, clock_, "a");
    ASSERT_EQ(a.Await(), "leads 1");
  }
  Replica again(api_, clock_, "a");
  EXPECT_EQ(again.Await(), "leads 2");
}

TEST_F(LeaderElectionTest, RaisesTheEpochAboveTheHighestFound) {
  Replica a(api_, clock_, "a");
  ASSERT_EQ(a.Await(), "leads 1");
  EXPECT_EQ(*a.elector().RaiseEpoch(41), 42);
  EXPECT_EQ(*a.elector().RaiseEpoch(7), 42);
  EXPECT_EQ(a.elector().epoch(), 42);
  EXPECT_EQ(Spec()["leaseTransitions"], 42);
}

TEST_F(LeaderElectionTest, AConflictWithAnnotatorsDoesNotLoseTheLease) {
  Replica a(api_, clock_, "a");
  ASSERT_EQ(a.Await(), "leads 1");
  nlohmann::json lease = nlohmann::json::parse(*api_.Get(kLease));
  lease["metadata"]["annotations"]["note"] = "x";
  api_.Put(kLease, lease.dump());
  EXPECT_EQ(*a.elector().RaiseEpoch(9), 10);
  EXPECT_EQ(nlohmann::json::parse(*api_.Get(kLease))["metadata"]["annotations"]["note"], "x");
}

TEST_F(LeaderElectionTest, ALeaseTakenByAnotherIsLost) {
  Replica a(api_, clock_, "a");
  ASSERT_EQ(a.Await(), "leads 1");
  PutLease("b_1", 2);
  clock_.AdvanceToNext(kLook);
  EXPECT_EQ(a.Await(), "stopped: the lease was taken by \"b_1\"");
  EXPECT_EQ(a.elector().RaiseEpoch(1).error().code, base::Code::kForbidden);
}

TEST_F(LeaderElectionTest, ADeletedLeaseIsLost) {
  Replica a(api_, clock_, "a");
  ASSERT_EQ(a.Await(), "leads 1");
  api_.Remove(kLease);
  clock_.AdvanceToNext(kLook);
  EXPECT_EQ(a.Await(), "stopped: the lease was deleted");
}

TEST_F(LeaderElectionTest, AShortOutageIsSurvived) {
  Replica a(api_, clock_, "a");
  ASSERT_EQ(a.Await(), "leads 1");
  api_.Inject({.kind = FaultKind::kNoAnswer, .times = 4});
  const std::size_t before = api_.Seen("PATCH").size();
  StepUntilSeen("PATCH", before + 4);
  EXPECT_TRUE(a.elector().MayWrite());
}

TEST_F(LeaderElectionTest, ALongOutageEndsLeadershipAtTheDeadline) {
  Replica a(api_, clock_, "a");
  ASSERT_EQ(a.Await(), "leads 1");
  const std::int64_t start = clock_.BootMs();
  api_.Inject({.kind = FaultKind::kNoAnswer, .times = 1'000});
  while (a.elector().MayWrite()) clock_.AdvanceToNext(kLook);
  EXPECT_EQ(a.Await(), "stopped: the lease was not renewed in time");
  EXPECT_LE(clock_.BootMs() - start, 3'000);
}

TEST_F(LeaderElectionTest, AnAcquisitionWhoseAnswerWasLostIsMadeAgain) {
  PutLease("", 3);
  api_.Inject({.method = "PATCH", .kind = FaultKind::kLostResponse});
  Replica a(api_, clock_, "a");
  StepUntilSeen("PATCH", 2);
  EXPECT_EQ(a.Await(), "leads 5");
}

TEST_F(LeaderElectionTest, EveryProcessHasAnIdentityOfItsOwn) {
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const LeaderElector elector(api_.transport(), clock_, {.identity = "muster-0"});
    seen.insert(elector.holder_identity());
  }
  EXPECT_EQ(seen.size(), 20u);
  EXPECT_EQ(seen.begin()->rfind("muster-0_", 0), 0u);
}

}  // namespace
}  // namespace muster::kube
