#include "muster/telemetry/endpoints.h"

#include <gtest/gtest.h>

#include "telemetry/http_text.h"

namespace muster::telemetry {
namespace {

class EndpointsTest : public testing::Test {
 protected:
  HttpReply Get(const std::string& path, const std::string& query = "") {
    return endpoints_.Answer({"GET", path, query});
  }
  void Ready(const std::string& name, bool ok, const std::string& detail = "") {
    endpoints_.AddReadyCheck(name, [=] { return CheckResult{ok, detail}; });
  }

  Metrics metrics_{false};
  Endpoints endpoints_{metrics_};
};

TEST_F(EndpointsTest, MetricsAreServedInTheTextFormat) {
  metrics_.Add(Metric::kPodsCreated, {}, 2);
  const HttpReply reply = Get("/metrics");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(reply.body.find("gpu_scheduler_pods_created_total 2\n"), std::string::npos);
}

TEST_F(EndpointsTest, ReadyIsShortWhenAllPass) {
  Ready("caches", true);
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_EQ(Get("/readyz").body, "ok");
}

TEST_F(EndpointsTest, VerboseNamesEveryCheck) {
  Ready("caches", true);
  Ready("leader", true, "standby, muster-6f9 leads");
  EXPECT_EQ(Get("/readyz", "verbose").body,
            "[+]caches ok\n[+]leader ok: standby, muster-6f9 leads\nreadyz check passed\n");
  EXPECT_EQ(Get("/readyz", "a=b&verbose=1").body, Get("/readyz", "verbose").body);
}

TEST_F(EndpointsTest, AFailureSaysWhichAndWhyUnasked) {
  Ready("caches", true);
  Ready("drift", false, "2 pods\nnobody committed");
  const HttpReply reply = Get("/readyz");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body,
            "[+]caches ok\n[-]drift failed: 2 pods nobody committed\nreadyz check failed\n");
}

TEST_F(EndpointsTest, HealthHasItsOwnChecks) {
  Ready("caches", false);
  EXPECT_EQ(Get("/healthz").status, 200);
  endpoints_.AddLiveCheck("loop", [] { return CheckResult{false, "no cycle for 60s"}; });
  EXPECT_EQ(Get("/healthz").body, "[-]loop failed: no cycle for 60s\nhealthz check failed\n");
}

TEST_F(EndpointsTest, OtherPathsAndMethodsAreRefused) {
  EXPECT_EQ(Get("/").status, 404);
  EXPECT_EQ(Get("/metrics/").status, 404);
  EXPECT_EQ(endpoints_.Answer({"POST", "/metrics", ""}).status, 405);
  EXPECT_EQ(endpoints_.Answer({"DELETE", "/readyz", ""}).status, 405);
  EXPECT_EQ(endpoints_.Answer({"HEAD", "/readyz", ""}).status, 200);
}

TEST(HttpText, ReadsTheRequestLine) {
  const auto request = ParseRequest("GET /readyz?verbose HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->path, "/readyz");
  EXPECT_EQ(request->query, "verbose");
}

TEST(HttpText, WhatIsNoRequestIsNone) {
  for (const char* bad :
       {"", "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/2\r\n\r\n", "get / HTTP/1.1\r\n\r\n",
        "GET x HTTP/1.1\r\n\r\n", "GET / / HTTP/1.1\r\n\r\n", "\x16\x03\x01\r\n\r\n"}) {
    EXPECT_FALSE(ParseRequest(bad).has_value()) << bad;
  }
}

TEST(HttpText, AHeadReplyHasTheLengthAndNoBody) {
  const HttpReply reply{200, "text/plain", "hello"};
  const std::string head = RenderReply(reply, "HEAD");
  EXPECT_NE(head.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_EQ(head.substr(head.size() - 4), "\r\n\r\n");
  EXPECT_EQ(RenderReply(reply, "GET"), head + "hello");
}

}  // namespace
}  // namespace muster::telemetry
