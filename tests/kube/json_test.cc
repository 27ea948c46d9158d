#include <gtest/gtest.h>

#include "kube/exec_plugin.h"
#include "kube/lease_json.h"
#include "kube/scan_json.h"
#include "kube/status_json.h"
#include "kube/tls.h"
#include "muster/kube/paths.h"

namespace muster::kube {
namespace {

TEST(FindJson, ReadsNestedFieldsInAnyOrder) {
  constexpr char kText[] =
      R"( { "items" : [ {"metadata":{"resourceVersion":"9"}}, "}{" ] , "metadata" : )"
      R"({ "continue" : "", "resourceVersion" : "12\/3", "n": 5, "t": true, "none": null } } )";
  EXPECT_EQ(FindJson(kText, {"metadata", "resourceVersion"}), "12/3");
  EXPECT_EQ(FindJson(kText, {"metadata", "continue"}), "");
  EXPECT_EQ(FindJson(kText, {"metadata", "t"}), "true");
  EXPECT_EQ(FindJson(kText, {"metadata", "none"}), std::nullopt);
  EXPECT_EQ(FindJson(kText, {"metadata", "absent"}), std::nullopt);
  EXPECT_EQ(FindJsonInt(kText, {"metadata", "n"}), 5);
}

TEST(FindJson, BrokenTextsHaveNothing) {
  for (const char* text : {"", "{", "{\"a\"", "{\"a\":", "{\"a\":\"x", "[1]", "null", "{\"b\":{",
                           "{\"b\":\"\\", "{\"a\":}"}) {
    EXPECT_EQ(FindJson(text, {"a"}), std::nullopt) << text;
  }
}

TEST(FindJson, EscapedQuotesDoNotEndAText) {
  EXPECT_EQ(FindJson(R"({"x":"a\"}","message":"say \"no\""})", {"message"}), "say \"no\"");
}

TEST(ToError, TakesTheMessageOfAStatusOrTheBeginningOfTheBody) {
  EXPECT_EQ(ToError({403, R"({"kind":"Status","message":"exceeded quota"})", 0}).message,
            "exceeded quota");
  EXPECT_EQ(ToError({502, "bad\ngateway", 0}).message, "HTTP status 502: bad gateway");
  EXPECT_EQ(ToError({500, "", 0}).message, "HTTP status 500");
}

TEST(ToError, OnlyARefusalOfTheObjectIsForGood) {
  const auto code = [](const std::string& message) {
    return ToError({403, R"({"message":")" + message + "\"}", 0}).code;
  };
  EXPECT_EQ(code(R"(pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\")"),
            base::Code::kForbidden);
  EXPECT_EQ(code(R"(pods is forbidden: User \"u\" cannot create resource \"pods\")"),
            base::Code::kThrottled);
  EXPECT_EQ(code(R"(pods \"p\" is forbidden: not yet ready to handle request)"),
            base::Code::kThrottled);
  EXPECT_EQ(code("failed to configure binding: no params found for policy binding with `Deny`"),
            base::Code::kThrottled);
  EXPECT_EQ(code("Resource kind scheduler.io/v1, Kind=Job not found. There can be a delay between "
                 "when CustomResourceDefinitions are created and when they are available."),
            base::Code::kThrottled);
  EXPECT_EQ(code("denied request: fenced: u does not hold the lease"), base::Code::kThrottled);
}

TEST(ToError, TheLongerOfBothRetryAftersCounts) {
  const std::string body = R"({"details":{"retryAfterSeconds":3}})";
  EXPECT_EQ(ToError({429, body, 1'000}).retry_after_ms, 3'000);
  EXPECT_EQ(ToError({504, body, 0}).retry_after_ms, 3'000);
  EXPECT_EQ(ToError({409, body, 5'000}).retry_after_ms, 0);
}

TEST(ToError, ARetryAfterOfMoreThanAnHourIsAnHour) {
  for (const char* seconds : {"3601", "9223372036854775807"}) {
    const std::string body = R"({"details":{"retryAfterSeconds":)" + std::string(seconds) + "}}";
    EXPECT_EQ(ToError({429, body, 1'000}).retry_after_ms, 3'600'000);
  }
}

TEST(ErrorEvent, GoneIsFoundByCodeOrReason) {
  EXPECT_EQ(ErrorEventAsResponse(R"({"type":"ERROR","object":{"code":410}})").status, 410);
  EXPECT_EQ(ErrorEventAsResponse(R"({"type":"ERROR","object":{"reason":"Expired"}})").status, 410);
  EXPECT_EQ(ErrorEventAsResponse(R"({"type":"ERROR"})").status, 500);
}

TEST(Paths, OfCollectionsObjectsAndSubresources) {
  EXPECT_EQ(CollectionPath(kPods), "/api/v1/pods");
  EXPECT_EQ(CollectionPath(kPods, "a"), "/api/v1/namespaces/a/pods");
  EXPECT_EQ(ObjectPath(kNodes, "", "n"), "/api/v1/nodes/n");
  EXPECT_EQ(ObjectPath(kPods, "a", "p", "binding"), "/api/v1/namespaces/a/pods/p/binding");
  EXPECT_EQ(ObjectPath(kJobs, "a", "j", "status"),
            "/apis/scheduler.io/v1/namespaces/a/jobs/j/status");
}

TEST(Paths, OnlyUnreservedCharactersStay) {
  EXPECT_EQ(EscapeQuery("a-b_c.d~e"), "a-b_c.d~e");
  EXPECT_EQ(EscapeQuery("a=b,c/d +\xc3\xa4"), "a%3Db%2Cc%2Fd%20%2B%C3%A4");
}

TEST(Base64, DecodesWithLineBreaks) {
  EXPECT_EQ(*DecodeBase64("aGVs\nbG8="), "hello");
  EXPECT_EQ(*DecodeBase64("aGVsbA=="), "hell");
  EXPECT_EQ(*DecodeBase64(""), "");
  EXPECT_FALSE(DecodeBase64("a").ok());
  EXPECT_FALSE(DecodeBase64("a*==").ok());
}

TEST(LeaseJson, NonsenseCountsAsAbsent) {
  EXPECT_FALSE(ParseLease("{}").ok());
  EXPECT_FALSE(ParseLease("nonsense").ok());
  const auto lease = ParseLease(
      R"({"metadata":{"resourceVersion":"1"},"spec":{"holderIdentity":5,"leaseTransitions":"x"}})");
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(lease->holder, "");
  EXPECT_EQ(lease->transitions, 0);
}

constexpr char kV1[] = "client.authentication.k8s.io/v1";

TEST(ExecCredential, CarriesATokenAndItsEnd) {
  const auto got = ParseExecCredential(
      R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",
          "status":{"token":"t","expirationTimestamp":"2024-01-01T00:00:00Z"}})",
      kV1);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->token, "t");
  EXPECT_EQ(got->expires.unix_ms, 1'704'067'200'000);
}

TEST(ExecCredential, SaysWhatIsWrong) {
  const auto message = [](const std::string& json) {
    return ParseExecCredential(json, kV1).error().message;
  };
  EXPECT_EQ(message("x"), "no ExecCredential");
  EXPECT_EQ(message(R"({"kind":"ExecCredential","apiVersion":"v1"})"),
            "apiVersion \"v1\", the kubeconfig says \"client.authentication.k8s.io/v1\"");
  const std::string head = R"({"kind":"ExecCredential","apiVersion":")" + std::string(kV1) + "\"";
  EXPECT_EQ(message(head + "}"), "neither a token nor a client certificate");
  EXPECT_EQ(message(head + R"(,"status":{"clientCertificateData":"x"}})"),
            "only one of clientCertificateData and clientKeyData");
}

}  // namespace
}  // namespace muster::kube
