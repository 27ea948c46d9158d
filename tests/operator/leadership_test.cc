#include "leadership.h"

#include <gtest/gtest.h>

#include <functional>

#include "muster/api/codec.h"
#include "muster/api/leader_mark.h"
#include "testing/fake_api_server.h"
#include "testing/manual_clock.h"

namespace muster::op {
namespace {

using api::LeaderMark;

constexpr char kOwn[] = "/api/v1/namespaces/muster-system";
constexpr char kLease[] =
    "/apis/coordination.k8s.io/v1/namespaces/muster-system/leases/muster-operator";

// One API server with the fence; replica "a" takes the free lease.
class LeadershipTest : public ::testing::Test {
 protected:
  void SetUp() override {
    api_.Put("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes",
             R"({"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]}],)"
             R"("ports":[{"name":"https","port":6443}]})");
    PutNamespace("{}");
    // The probe's first question is about the new epoch, its second about the old one.
    api_.Inject({.method = "POST",
                 .path = "*/pods",
                 .status = 403,
                 .message = "fenced: epoch '0' is not that of the leader, 1",
                 .skip = 1});
  }
  ~LeadershipTest() override {
    elector_.Stop();
    watches_.Stop();
  }

  void PutNamespace(const std::string& annotations) {
    api_.Put(kOwn, R"({"metadata":{"annotations":)" + annotations + "}}");
  }
  void PutMark(const std::string& replica, const std::string& epoch) {
    PutNamespace(R"({"scheduler.io/leader":")" + replica + R"(","scheduler.io/epoch":")" + epoch +
                 R"("})");
  }
  LeaderMark Marked() { return api::ReadLeaderMark(api::Decode<api::Namespace>(*api_.Get(kOwn))); }

  // The owner thread: as the operator does, until `turn` says true.
  void Run(const std::function<bool()>& turn) {
    elector_.Start({[this](std::int64_t epoch) {
                      loop_.Post([this, epoch] { leadership_.OnAcquired(epoch); });
                    },
                    [] {}});
    watches_.Start();
    loop_.Run(
        [&] {
          leads_ = leadership_.Step() || leadership_.Step() || leads_;  // probed, then counted
          if (turn()) loop_.Stop();
          return 0;
        },
        [](const std::exception&) { FAIL(); });
  }
  // Leads, then does this, and goes on until the mark is lost.
  void LeadAndLose(const std::function<void()>& afterwards) {
    bool done = false;
    Run([&] {
      const bool lost = leadership_.MarkLost();
      EXPECT_FALSE(lost && !done) << "lost while nobody had touched it";
      if (leads_ && !done && Shown()) {
        afterwards();
        done = true;
      }
      return lost;
    });
  }
  // The watch has shown our own mark.
  bool Shown() const {
    return api::ReadLeaderMark(state_.namespaces().at("muster-system")) == LeaderMark{"a", 1};
  }

  testing::ManualClock clock_;
  testing::FakeApiServer api_{clock_};
  std::shared_ptr<kube::Transport> transport_ = api_.transport();
  state::ClusterState state_{{}, clock_};
  EventLoop loop_{clock_};
  kube::Client client_{transport_, clock_, {}};
  kube::LeaderElector elector_{
      transport_, clock_, {.ns = "muster-system", .name = "muster-operator", .identity = "a"}};
  Watches watches_{*transport_, clock_, loop_, state_};
  FenceProbe fence_{
      client_, [](const std::string&) { return nullptr; }, clock_, {"muster-system", "a", 15'000}};
  Leadership leadership_{elector_, fence_, watches_, state_, loop_, "muster-system"};
  bool leads_ = false;
};

TEST_F(LeadershipTest, WhoLeadsHasSaidSoFirst) {
  Run([&] { return leads_; });
  EXPECT_EQ(Marked(), (LeaderMark{"a", 1}));
  EXPECT_TRUE(leadership_.fenced());
}

TEST_F(LeadershipTest, TheEpochIsAboveTheLastMarkAlsoWhereTheLeaseIsNew) {
  PutMark("b", "41");
  Run([&] { return leads_; });
  EXPECT_EQ(Marked(), (LeaderMark{"a", 42}));
  EXPECT_NE(api_.Get(kLease)->find(R"("leaseTransitions":42)"), std::string::npos);
  EXPECT_EQ(state_.epoch(), 42);
}

TEST_F(LeadershipTest, WhoseMarkIsReplacedLeadsNoMore) {
  LeadAndLose([&] { PutMark("b", "2"); });
}

TEST_F(LeadershipTest, WhoseMarkIsGoneLeadsNoMore) {
  LeadAndLose([&] { PutNamespace("{}"); });
}

TEST_F(LeadershipTest, WhoseNamespaceIsGoneLeadsNoMore) {
  LeadAndLose([&] { api_.Remove(kOwn); });
}

TEST_F(LeadershipTest, WhoIsOvertakenBeforeItsMarkNeverLeads) {
  api_.Inject({.method = "PATCH",
               .path = kOwn,
               .status = 403,
               .message = "fenced: epoch '1' is not above that of the last leader, '7'"});
  Run([&] { return leadership_.MarkLost(); });
  EXPECT_FALSE(leads_);
  EXPECT_TRUE(api_.Seen("POST", "*/pods").empty());
}

}  // namespace
}  // namespace muster::op
