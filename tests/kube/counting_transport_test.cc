#include "muster/kube/counting_transport.h"

#include <gtest/gtest.h>

#include "testing/fake_api_server.h"
#include "testing/manual_clock.h"

namespace muster::kube {
namespace {

using muster::testing::FaultKind;

constexpr char kPods[] = "/api/v1/namespaces/a/pods";

class CountingTransportTest : public ::testing::Test {
 protected:
  void Send(const std::string& method, const std::string& path, const std::string& body = "") {
    counting_.Send({method, path, body, "application/json"}, [](const auto&) {});
    api_.Drain();
  }
  std::int64_t Count(const std::string& verb, int status) {
    const RequestStats stats = counting_.stats();
    const auto it = stats.find(verb);
    if (it == stats.end() || !it->second.by_status.contains(status)) return 0;
    return it->second.by_status.at(status);
  }

  muster::testing::ManualClock clock_;
  muster::testing::FakeApiServer api_{clock_};
  CountingTransport counting_{api_.transport(), clock_, "list"};
};

TEST_F(CountingTransportTest, RequestsCountByVerbAndStatus) {
  Send("GET", kPods);
  Send("POST", kPods, R"({"metadata":{"name":"p"}})");
  Send("POST", kPods, R"({"metadata":{"name":"p"}})");
  api_.Inject({.method = "GET", .kind = FaultKind::kNoAnswer});
  Send("GET", kPods);
  EXPECT_EQ(Count("list", 200), 1);
  EXPECT_EQ(Count("create", 201), 1);
  EXPECT_EQ(Count("create", 409), 1);
  EXPECT_EQ(Count("list", 0), 1);
  EXPECT_EQ(counting_.stats()["list"].latency[0], 2);
}

TEST_F(CountingTransportTest, AWatchCountsOnceAndHasNoLatency) {
  const StreamHandler handler{[](std::string_view) {}, [](const auto&) {}};
  const auto stream = counting_.Open({"GET", std::string(kPods) + "?watch=true", "", ""}, handler);
  api_.Drain();
  EXPECT_EQ(Count("watch", 200), 0);
  api_.Put(std::string(kPods) + "/a", "{}");
  api_.Put(std::string(kPods) + "/b", "{}");
  api_.EndWatches();
  api_.Drain();
  EXPECT_EQ(Count("watch", 200), 1);
  EXPECT_EQ(counting_.stats()["watch"].latency[0], 0);
}

TEST_F(CountingTransportTest, AWatchThatIsRefusedCountsAsSuch) {
  api_.Inject({.method = "WATCH", .status = 403});
  const StreamHandler handler{[](std::string_view) {}, [](const auto&) {}};
  const auto stream = counting_.Open({"GET", std::string(kPods) + "?watch=true", "", ""}, handler);
  api_.Drain();
  EXPECT_EQ(Count("watch", 403), 1);
}

TEST(VerbStats, WhatTakesLongerThanTheLastBoundFallsAboveIt) {
  VerbStats stats;
  stats.Count(200, 10'000);
  stats.Count(200, 60'000);
  EXPECT_EQ(stats.latency[kLatencyBoundsMs.size() - 1], 1);
  EXPECT_EQ(stats.latency[kLatencyBoundsMs.size()], 1);
  EXPECT_EQ(stats.latency_sum_ms, 70'000);
}

}  // namespace
}  // namespace muster::kube
