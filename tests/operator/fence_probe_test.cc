#include "fence_probe.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "kube/status_json.h"
#include "muster/base/time_text.h"
#include "testing/fake_api_server.h"
#include "testing/manual_clock.h"

namespace muster::op {
namespace {

using base::Code;
using base::Error;
using testing::FakeApiServer;

constexpr std::int64_t kLeaseMs = 15'000;
constexpr int kRoundsOfALease = 750;  // the probe asks every 20 ms
constexpr char kOwn[] = "/api/v1/namespaces/muster-system";
constexpr char kPods[] = "*/namespaces/muster-system/pods";

// One API server behind the configured name, and those that the EndpointSlice names.
class Fence : public ::testing::Test {
 protected:
  void SetUp() override { Add("front").Put(kOwn, "{}"); }

  FakeApiServer& Add(const std::string& address) {
    return *servers_.emplace(address, std::make_unique<FakeApiServer>(clock_)).first->second;
  }
  FakeApiServer& Api(const std::string& address) { return *servers_.at(address); }

  void Slice(const std::string& addresses) {
    Api("front").Put("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes",
                     R"({"addressType":"IPv4","endpoints":[{"addresses":[)" + addresses +
                         R"(]}],"ports":[{"name":"https","port":6443}]})");
  }

  // An API server that renews its Lease, behind whatever address.
  void PutServer(const std::string& name) {
    Api("front").Put(
        "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/apiserver-" + name,
        R"({"metadata":{"labels":{"apiserver.kubernetes.io/identity":"kube-apiserver"}},)"
        R"("spec":{"leaseDurationSeconds":3600,"renewTime":")" +
            base::FormatMicroTime(clock_.Now()) + R"("}})");
  }

  // The policy there refuses the old epoch from its `rounds`-th question on.
  void RefuseOld(const std::string& address, int rounds = 1) {
    Api(address).Inject({.method = "POST",
                         .path = kPods,
                         .status = 403,
                         .reason = "Forbidden",
                         .message = "fenced: epoch '4' is not that of the leader, 5",
                         .skip = 2 * rounds - 1});
  }

  // The copy of the mark there is the last leader's for that many questions, then the new one's.
  void LagFor(const std::string& address, int questions) {
    Api(address).Inject({.method = "POST",
                         .path = kPods,
                         .status = 403,
                         .reason = "Forbidden",
                         .message = "fenced: epoch '5' is not that of the leader, 4",
                         .times = questions});
    RefuseOld(address);
  }

  // Runs the probe; time passes whenever it waits.
  std::optional<bool> Run() {
    kube::Client client(Api("front").transport(), clock_, {});
    FenceProbe probe(client,
                     [this](const std::string& address) {
                       const auto it = servers_.find(address);
                       return it == servers_.end() ? nullptr : it->second->transport();
                     },
                     clock_, {"muster-system", "a", kLeaseMs});
    const std::int64_t begin = clock_.BootMs();
    std::optional<bool> fenced;
    std::atomic<bool> over = false;
    base::Mutex mutex;
    base::CondVar done;
    bool seen = false;  // under mutex: that it is over
    std::thread asking([&] {
      fenced = probe.Run(5, [this] { return leads_; });
      trouble_ = probe.trouble();
      spent_ms_ = clock_.BootMs() - begin;
      over = true;
      base::Lock lock(mutex);  // the loop below may wait for somebody who sleeps
      const std::int64_t until = clock_.BootMs() + 1;
      while (!seen && clock_.BootMs() < until) clock_.Wait(done, mutex, until);
    });
    do {
      clock_.AdvanceToNext(100);
    } while (!over);
    {
      base::Lock lock(mutex);
      seen = true;
      done.notify_all();
    }
    asking.join();
    return fenced;
  }

  int Asked(const std::string& address) {
    return static_cast<int>(Api(address).Seen("POST", kPods).size());
  }

  testing::ManualClock clock_;
  std::map<std::string, std::unique_ptr<FakeApiServer>> servers_;
  bool leads_ = true;
  std::int64_t spent_ms_ = 0;
  std::string trouble_;
};

TEST_F(Fence, OneServerThatRefusesTheOldEpochIsEnough) {
  Slice(R"("10.0.0.1")");
  PutServer("a");
  RefuseOld("front");
  EXPECT_EQ(Run(), true);
  EXPECT_EQ(spent_ms_, 0);
}

TEST_F(Fence, ABalancerInFrontOfSeveralServersCostsALeaseDuration) {
  Slice(R"("10.0.0.1")");
  PutServer("a");
  PutServer("b");
  RefuseOld("front");
  EXPECT_EQ(Run(), true);
  EXPECT_GE(spent_ms_, kLeaseMs);
}

TEST_F(Fence, WhereTheServersCannotBeCountedALeaseDurationPasses) {
  Slice(R"("10.0.0.1")");
  Api("front").Inject({.method = "GET", .path = "*/namespaces/kube-system/leases", .status = 403});
  RefuseOld("front");
  EXPECT_EQ(Run(), true);
  EXPECT_GE(spent_ms_, kLeaseMs);
}

TEST_F(Fence, EveryServerIsAskedByItsAddressAndNobodyWaits) {
  Slice(R"("10.0.0.1","10.0.0.2")");
  for (const char* address : {"10.0.0.1:6443", "10.0.0.2:6443"}) {
    Add(address);
    RefuseOld(address);
  }
  RefuseOld("front");
  EXPECT_EQ(Run(), true);
  EXPECT_EQ(spent_ms_, 0);
  EXPECT_EQ(Asked("10.0.0.1:6443"), 2);
  EXPECT_EQ(Asked("10.0.0.2:6443"), 2);
}

TEST_F(Fence, AServerWhoseCopyOfTheMarkLagsIsWaitedFor) {
  Slice(R"("10.0.0.1","10.0.0.2")");
  Add("10.0.0.1:6443");
  Add("10.0.0.2:6443");
  RefuseOld("front");
  RefuseOld("10.0.0.1:6443");
  RefuseOld("10.0.0.2:6443", 4);
  EXPECT_EQ(Run(), true);
  EXPECT_EQ(Asked("10.0.0.2:6443"), 8);
  EXPECT_EQ(Asked("10.0.0.1:6443"), 2) << "asked again although it had refused";
  EXPECT_LT(spent_ms_, kLeaseMs);
}

TEST_F(Fence, AServerThatAnswersIsWaitedForBeyondALeaseDuration) {
  Slice(R"("10.0.0.1","10.0.0.2")");
  Add("10.0.0.1:6443");
  Add("10.0.0.2:6443");
  RefuseOld("front");
  RefuseOld("10.0.0.1:6443");
  LagFor("10.0.0.2:6443", kRoundsOfALease + 50);
  EXPECT_EQ(Run(), true);
  EXPECT_GT(spent_ms_, kLeaseMs);
  EXPECT_EQ(Asked("10.0.0.2:6443"), kRoundsOfALease + 52);
  EXPECT_EQ(trouble_, "API server 10.0.0.2:6443 does not go by the leader's mark yet");
}

TEST_F(Fence, AServerThatDoesNotKnowThePolicyYetIsWaitedForToo) {
  Slice(R"("10.0.0.1","10.0.0.2")");
  Add("10.0.0.1:6443");
  Add("10.0.0.2:6443");
  RefuseOld("front", kRoundsOfALease + 50);
  RefuseOld("10.0.0.1:6443");
  RefuseOld("10.0.0.2:6443", kRoundsOfALease + 100);
  EXPECT_EQ(Run(), true);
  EXPECT_EQ(Asked("front"), 2 * (kRoundsOfALease + 50));
  EXPECT_EQ(Asked("10.0.0.2:6443"), 2 * (kRoundsOfALease + 100));
}

TEST_F(Fence, AServerThatAnswersNoMoreCostsALeaseDurationFromItsLastWord) {
  Slice(R"("10.0.0.1","10.0.0.2")");
  Add("10.0.0.1:6443");
  Add("10.0.0.2:6443");
  RefuseOld("front");
  RefuseOld("10.0.0.1:6443");
  LagFor("10.0.0.2:6443", kRoundsOfALease / 2);
  Api("10.0.0.2:6443")
      .Inject({.method = "POST",
               .path = kPods,
               .kind = muster::testing::FaultKind::kNoAnswer,
               .times = 10 * kRoundsOfALease});
  EXPECT_EQ(Run(), true);
  EXPECT_GE(spent_ms_, kLeaseMs * 3 / 2 - 100);
  EXPECT_LE(spent_ms_, kLeaseMs * 3 / 2 + 100);
}

TEST_F(Fence, AServerThatCannotBeReachedCostsALeaseDuration) {
  Slice(R"("10.0.0.1","10.0.0.2")");
  Add("10.0.0.1:6443");
  RefuseOld("front");
  RefuseOld("10.0.0.1:6443");
  EXPECT_EQ(Run(), true);
  EXPECT_GE(spent_ms_, kLeaseMs);
}

TEST_F(Fence, WhereTheServersAreNotKnownALeaseDurationPasses) {
  Api("front").Inject({.method = "GET", .path = "*/endpointslices/kubernetes", .status = 403});
  RefuseOld("front");
  EXPECT_EQ(Run(), true);
  EXPECT_GE(spent_ms_, kLeaseMs);
}

TEST_F(Fence, WithoutThePolicyALeaseDurationIsAllTheFenceThereIs) {
  Slice(R"("10.0.0.1")");
  EXPECT_EQ(Run(), false);
  EXPECT_GE(spent_ms_, kLeaseMs);
}

TEST_F(Fence, TheProbeNamesWhatItNeedsAndIfRefusedAsksWithoutToo) {
  Slice(R"("10.0.0.1")");
  Api("front").Inject(
      {.method = "POST", .path = kPods, .status = 403, .message = "minimum cpu usage is 100m"});
  RefuseOld("front");
  EXPECT_EQ(Run(), true);
  const auto questions = Api("front").Seen("POST", kPods);
  EXPECT_NE(questions.at(0).body.find(R"("limits":{"cpu":"1m")"), std::string::npos);
  EXPECT_EQ(questions.at(1).body.find("limits"), std::string::npos);
  EXPECT_EQ(trouble_, "minimum cpu usage is 100m");
}

TEST_F(Fence, WhoLosesTheLeaseStopsAsking) {
  leads_ = false;
  EXPECT_EQ(Run(), std::nullopt);
  EXPECT_EQ(Asked("front"), 0);
}

TEST_F(Fence, AMarkThatCannotBeWrittenIsTriedAgainAndNobodyIsAskedBefore) {
  Slice(R"("10.0.0.1")");
  Api("front").Inject({.method = "PATCH", .path = kOwn, .times = 2});
  RefuseOld("front");
  EXPECT_EQ(Run(), true);
  std::string order;
  for (const auto& request : Api("front").Seen("", "*")) order += request.method + " ";
  EXPECT_EQ(order, "PATCH PATCH PATCH GET GET POST POST ");
  EXPECT_EQ(trouble_, "injected");
}

TEST_F(Fence, WhereALeaderOfAHigherEpochHasLeftItsMarkNobodyIsAsked) {
  Api("front").Inject({.method = "PATCH",
                       .path = kOwn,
                       .status = 403,
                       .message = "fenced: epoch '5' is not above that of the last leader, '6'"});
  EXPECT_EQ(Run(), std::nullopt);
  EXPECT_EQ(Api("front").Seen("PATCH", "*").size(), 1U);
  EXPECT_EQ(Asked("front"), 0);
}

TEST(JudgeProbe, OnlyTheFencesOwnRefusalCountsAsOne) {
  EXPECT_EQ(JudgeProbe(std::string("{}")), FenceAnswer::kAccepted);
  const kube::Response refused{
      403,
      R"({"message":"ValidatingAdmissionPolicy 'muster-fence-create' denied request: )"
      R"(fenced: epoch '4' is not that of the leader, 5"})",
      0};
  EXPECT_EQ(JudgeProbe(kube::ToError(refused)), FenceAnswer::kFenced);
  EXPECT_EQ(JudgeProbe(Error{Code::kForbidden, "exceeded quota: q, requested: pods=1"}),
            FenceAnswer::kUnknown);
  EXPECT_EQ(JudgeProbe(Error{Code::kUnavailable, "no answer within 900 ms"}),
            FenceAnswer::kUnknown);
}

}  // namespace
}  // namespace muster::op
