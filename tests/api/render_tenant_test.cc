// What a Tenant keeps in its namespaces, as the API server gets it.
#include "muster/api/render_tenant.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace muster::api {
namespace {

using Json = nlohmann::json;

Json SpecOf(const std::string& isolation) {
  return Json::parse(RenderNetworkPolicy("ns", "t", isolation, {"x", "y"}))["spec"];
}

// The tenant's own namespaces, by the label that only the operator writes, and the allowed ones.
Json Peers() {
  return Json::parse(R"([
      {"namespaceSelector":{"matchLabels":{"scheduler.io/tenant":"t"}}},
      {"namespaceSelector":{"matchExpressions":[{"key":"kubernetes.io/metadata.name",
          "operator":"In","values":["x","y"]}]}}])");
}

TEST(RenderNetworkPolicy, StrictAdmitsAllNamespacesOfTheTenantInBothDirections) {
  const Json spec = SpecOf("strict");
  EXPECT_EQ(spec["policyTypes"], Json::parse(R"(["Ingress","Egress"])"));
  EXPECT_EQ(spec["ingress"], Json::array({Json{{"from", Peers()}}}));
  EXPECT_EQ(spec["egress"].at(0)["to"], Peers());
}

TEST(RenderNetworkPolicy, StrictLetsNothingElseOutButDns) {
  const Json egress = SpecOf("strict")["egress"];
  ASSERT_EQ(egress.size(), 2U);
  EXPECT_EQ(egress[1]["ports"], Json::parse(R"([{"protocol":"UDP","port":53},
                                                {"protocol":"TCP","port":53}])"));
}

TEST(RenderNetworkPolicy, NamespaceIsolationSaysNothingOfWhatGoesOut) {
  const Json spec = SpecOf("namespace");
  EXPECT_EQ(spec["ingress"], Json::array({Json{{"from", Peers()}}}));
  EXPECT_FALSE(spec.contains("egress"));
}

}  // namespace
}  // namespace muster::api
