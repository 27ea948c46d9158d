// What a pod takes, where it may run, and what its status says.
#include <gtest/gtest.h>

#include "muster/api/codec.h"
#include "muster/api/core.h"

namespace muster::api {
namespace {

Pod PodOf(const std::string& spec, const std::string& status = "{}") {
  Pod pod = Decode<Pod>(R"({"metadata":{"name":"p","namespace":"a"},"spec":)" + spec +
                        R"(,"status":)" + status + "}");
  EXPECT_EQ(pod.invalid, "");
  return pod;
}

std::string Requests(const std::string& cpu, const std::string& more = "") {
  return R"({"resources":{"requests":{"cpu":")" + cpu + R"("}})" + more + "}";
}

TEST(PodRequests, AreTheSumOfContainers) {
  const Pod pod = PodOf(R"({"containers":[
      {"resources":{"requests":{"cpu":"500m","memory":"1Gi"}}},
      {"resources":{"requests":{"cpu":"1","nvidia.com/gpu":"2"},"limits":{"nvidia.com/gpu":"2"}}}]})");
  EXPECT_EQ(
      pod.needs.requests,
      (ResourceList{{"cpu", 1'500}, {"memory", 1LL << 30}, {"nvidia.com/gpu", 2}, {"pods", 1}}));
  EXPECT_EQ(pod.needs.limits, (ResourceList{{"nvidia.com/gpu", 2}}));
}

TEST(PodRequests, AreTheGreatestInitContainerWhereThatIsMore) {
  const Pod pod = PodOf(R"({"initContainers":[)" + Requests("3") + "," + Requests("2") +
                        R"(],"containers":[)" + Requests("1") + "," + Requests("1") + "]}");
  EXPECT_EQ(pod.needs.requests.at("cpu"), 3'000);
}

TEST(PodRequests, CountSidecarsWithContainersAndWithLaterInitContainers) {
  const std::string sidecar = Requests("2", R"(,"restartPolicy":"Always")");
  const Pod late = PodOf(R"({"initContainers":[)" + Requests("4") + "," + sidecar +
                         R"(],"containers":[)" + Requests("1") + "]}");
  EXPECT_EQ(late.needs.requests.at("cpu"), 4'000);
  const Pod early = PodOf(R"({"initContainers":[)" + sidecar + "," + Requests("4") +
                          R"(],"containers":[)" + Requests("1") + "]}");
  EXPECT_EQ(early.needs.requests.at("cpu"), 6'000);
  const Pod running =
      PodOf(R"({"initContainers":[)" + sidecar + R"(],"containers":[)" + Requests("5") + "]}");
  EXPECT_EQ(running.needs.requests.at("cpu"), 7'000);
}

TEST(PodRequests, IncludeOverhead) {
  const Pod pod =
      PodOf(R"({"overhead":{"cpu":"250m","memory":"100Mi"},"containers":[)" + Requests("1") + "]}");
  EXPECT_EQ(pod.needs.requests.at("cpu"), 1'250);
  EXPECT_EQ(pod.needs.requests.at("memory"), 100LL << 20);
}

TEST(PodRequests, OfThePodReplaceTheSum) {
  const Pod pod = PodOf(R"({"resources":{"requests":{"cpu":"8"},"limits":{"cpu":"9"}},
      "containers":[{"resources":{"requests":{"cpu":"1","memory":"1Gi"}}}]})");
  EXPECT_EQ(pod.needs.requests.at("cpu"), 8'000);
  EXPECT_EQ(pod.needs.requests.at("memory"), 1LL << 30);
  EXPECT_EQ(pod.needs.limits.at("cpu"), 9'000);
}

TEST(PodRequests, ThatAreAbsentAreTheLimits) {
  const Pod pod = PodOf(R"({"containers":[{"resources":{"limits":{"cpu":"2"}}}]})");
  EXPECT_EQ(pod.needs.requests.at("cpu"), 2'000);
}

TEST(PodRequests, NeverWrapAround) {
  const Pod pod = PodOf(R"({"containers":[
      {"resources":{"requests":{"x/y":"9223372036854775807"}}},
      {"resources":{"requests":{"x/y":"9223372036854775807"}}}]})");
  EXPECT_EQ(pod.needs.requests.at("x/y"), INT64_MAX);
}

TEST(PodNeeds, HoldSelectorsTolerationsAndPorts) {
  const Pod pod = PodOf(R"({"nodeSelector":{"pool":"a"},
      "tolerations":[{"key":"gpu","operator":"Exists","effect":"NoSchedule"}],
      "containers":[{"ports":[{"containerPort":80},{"containerPort":81,"hostPort":81,
                                                   "hostIP":"0.0.0.0"}]}]})");
  EXPECT_EQ(pod.needs.node_selector.at("pool"), "a");
  ASSERT_EQ(pod.needs.tolerations.size(), 1U);
  EXPECT_EQ(pod.needs.tolerations[0].op, "Exists");
  ASSERT_EQ(pod.needs.host_ports.size(), 1U);
  EXPECT_EQ(pod.needs.host_ports[0].port, 81);
  EXPECT_EQ(pod.needs.host_ports[0].protocol, "TCP");
  EXPECT_EQ(pod.needs.host_ports[0].host_ip, "");
}

std::string Affinity(const std::string& terms) {
  return R"({"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":
      {"nodeSelectorTerms":)" +
         terms + R"(}}},"containers":[]})";
}

TEST(PodNeeds, HoldRequiredNodeAffinity) {
  const Pod pod = PodOf(Affinity(R"([{"matchExpressions":[
      {"key":"zone","operator":"In","values":["a","b"]}],
      "matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}])"));
  ASSERT_EQ(pod.needs.required_terms.size(), 1U);
  ASSERT_EQ(pod.needs.required_terms[0].size(), 2U);
  EXPECT_EQ(pod.needs.required_terms[0][0].values, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(pod.needs.required_terms[0][1].field);
}

TEST(PodNeeds, ATermWithoutRequirementsMatchesNoNode) {
  const Pod pod = PodOf(Affinity("[{}]"));
  ASSERT_EQ(pod.needs.required_terms.size(), 1U);
  ASSERT_EQ(pod.needs.required_terms[0].size(), 1U);
  EXPECT_EQ(pod.needs.required_terms[0][0].op, "In");
  EXPECT_TRUE(pod.needs.required_terms[0][0].values.empty());
}

struct Unsupported {
  const char* spec;
  const char* path;
};

class UnsupportedFields : public testing::TestWithParam<Unsupported> {};

TEST_P(UnsupportedFields, AreNamed) {
  EXPECT_EQ(PodOf(GetParam().spec).needs.unsupported, GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(
    Of, UnsupportedFields,
    testing::Values(
        Unsupported{
            R"({"affinity":{"podAntiAffinity":
            {"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"x",
             "matchLabelKeys":["scheduler.io/job","scheduler.io/index"]}]}}})",
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]."
            "matchLabelKeys is not supported: take scheduler.io/index out"},
        Unsupported{R"({"topologySpreadConstraints":[
            {"whenUnsatisfiable":"ScheduleAnyway","nodeTaintsPolicy":"Honor"},
            {"whenUnsatisfiable":"DoNotSchedule","nodeTaintsPolicy":"Ignore"},
            {"whenUnsatisfiable":"DoNotSchedule","nodeTaintsPolicy":"Honor"}]})",
                    "spec.topologySpreadConstraints[2].nodeTaintsPolicy is not supported: take it "
                    "out, or set it to Ignore"},
        Unsupported{R"({"topologySpreadConstraints":[
            {"whenUnsatisfiable":"DoNotSchedule","nodeAffinityPolicy":"Honor"},
            {"whenUnsatisfiable":"DoNotSchedule","nodeAffinityPolicy":"Ignore"}]})",
                    "spec.topologySpreadConstraints[1].nodeAffinityPolicy is not supported: take "
                    "it out, or set it to Honor"},
        Unsupported{R"({"topologySpreadConstraints":[{"whenUnsatisfiable":"DoNotSchedule",
             "matchLabelKeys":["scheduler.io/index"]}]})",
                    "spec.topologySpreadConstraints[0].matchLabelKeys is not supported: take "
                    "scheduler.io/index out"},
        Unsupported{
            R"({"volumes":[{"name":"a"},{"name":"b","ephemeral":{}}]})",
            "spec.volumes[1].ephemeral is not supported: use an emptyDir, or a claim that is bound "
            "already"},
        Unsupported{R"({"resourceClaims":[{"name":"a"}]})",
                    "spec.resourceClaims is not supported: ask for devices in resources"},
        Unsupported{R"({"affinity":{"podAffinity":
            {"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1}]}}})",
                    ""}));

TEST(PodNeeds, HoldRequiredPodAffinity) {
  const Pod pod = PodOf(R"({"affinity":{
      "podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
        {"topologyKey":"rack","labelSelector":{"matchLabels":{"a":"b"},
         "matchExpressions":[{"key":"c","operator":"NotIn","values":["d","e"]}]},
         "namespaces":["n"],"namespaceSelector":{"matchLabels":{"f":"g"}}}]},
      "podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
        {"topologyKey":"host","matchLabelKeys":["h"],"mismatchLabelKeys":["i"]},
        {"topologyKey":"host","labelSelector":{},"namespaceSelector":{}}]}}})");
  EXPECT_EQ(pod.needs.unsupported, "");
  ASSERT_NE(pod.needs.terms, nullptr);
  ASSERT_EQ(pod.needs.terms->affinity.size(), 1U);
  const PodTerm& together = pod.needs.terms->affinity[0];
  EXPECT_EQ(together.topology_key, "rack");
  EXPECT_EQ(together.selector, (LabelSelector{{"a", "In", {"b"}}, {"c", "NotIn", {"d", "e"}}}));
  EXPECT_EQ(together.namespaces, std::vector<std::string>{"n"});
  EXPECT_EQ(together.namespace_selector, (LabelSelector{{"f", "In", {"g"}}}));
  ASSERT_EQ(pod.needs.terms->anti_affinity.size(), 2U);
  const PodTerm& apart = pod.needs.terms->anti_affinity[0];
  EXPECT_EQ(apart.selector, std::nullopt);  // which is no pod, where an empty one is every pod
  EXPECT_EQ(apart.namespace_selector, std::nullopt);
  EXPECT_EQ(apart.own_keys, (std::vector<std::string>{"h", "i"}));
  EXPECT_EQ(pod.needs.terms->anti_affinity[1].selector, LabelSelector{});
  EXPECT_EQ(pod.needs.terms->anti_affinity[1].namespace_selector, LabelSelector{});
}

TEST(PodNeeds, KeepNothingOfPodAffinityThatIsOnlyPreferred) {
  EXPECT_EQ(PodOf(R"({"affinity":{"podAffinity":
      {"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1}]}}})")
                .needs.terms,
            nullptr);
}

TEST(PodNeeds, HoldTopologySpreadThatMustHold) {
  const Pod pod = PodOf(R"({"topologySpreadConstraints":[
      {"whenUnsatisfiable":"ScheduleAnyway","topologyKey":"host","maxSkew":1},
      {"whenUnsatisfiable":"DoNotSchedule","topologyKey":"zone","maxSkew":2,"minDomains":3,
       "labelSelector":{"matchLabels":{"a":"b"}},"matchLabelKeys":["h"]},
      {"topologyKey":"rack","maxSkew":1}]})");
  EXPECT_EQ(pod.needs.unsupported, "");
  ASSERT_NE(pod.needs.terms, nullptr);
  ASSERT_EQ(pod.needs.terms->spreads.size(), 2U);
  const PodSpread& first = pod.needs.terms->spreads[0];
  EXPECT_EQ(first.term.topology_key, "zone");
  EXPECT_EQ(first.term.selector, (LabelSelector{{"a", "In", {"b"}}}));
  EXPECT_EQ(first.term.own_keys, std::vector<std::string>{"h"});
  EXPECT_EQ(first.max_skew, 2);
  EXPECT_EQ(first.min_domains, 3);
  const PodSpread& second = pod.needs.terms->spreads[1];
  EXPECT_EQ(second.term.topology_key, "rack");
  EXPECT_EQ(second.term.selector, std::nullopt);
  EXPECT_EQ(second.max_skew, 1);
  EXPECT_EQ(second.min_domains, 0);
}

TEST(PodNeeds, KeepNothingOfTopologySpreadThatIsOnlyPreferred) {
  EXPECT_EQ(PodOf(R"({"topologySpreadConstraints":[{"whenUnsatisfiable":"ScheduleAnyway",
      "topologyKey":"zone","maxSkew":1,"labelSelector":{}}]})")
                .needs.terms,
            nullptr);
}

TEST(PodNeeds, NameTheClaimsOfItsVolumes) {
  const Pod pod = PodOf(R"({"volumes":[{"name":"e","emptyDir":{}},
                                       {"name":"d","persistentVolumeClaim":{"claimName":"data"}}]})");
  ASSERT_EQ(pod.needs.claims.size(), 1U);
  EXPECT_EQ(pod.needs.claims[0].field, "spec.volumes[1].persistentVolumeClaim");
  EXPECT_EQ(pod.needs.claims[0].name, "data");
}

TEST(PodStatus, TellsPhaseTimesAndReadiness) {
  const Pod pod = PodOf(R"({"nodeName":"n1","schedulerName":"muster","priority":-5,
                            "terminationGracePeriodSeconds":7,"schedulingGates":[{"name":"g"}]})",
                        R"({"phase":"Running","startTime":"2024-01-01T12:00:00Z",
      "conditions":[{"type":"Ready","status":"True"},{"type":"DisruptionTarget","status":"True"}]})");
  EXPECT_EQ(pod.node_name, "n1");
  EXPECT_EQ(pod.priority, -5);
  EXPECT_EQ(pod.grace_seconds, 7);
  EXPECT_EQ(pod.gates, std::vector<std::string>{"g"});
  EXPECT_EQ(pod.phase, PodPhase::kRunning);
  EXPECT_TRUE(pod.ready && pod.disruption_target);
  EXPECT_EQ(pod.started.unix_ms, 1704110400000);
}

TEST(PodStatus, NamesTheFirstContainerThatFailed) {
  const Pod pod = PodOf("{}", R"({"phase":"Failed","containerStatuses":[
      {"state":{"terminated":{"exitCode":0,"finishedAt":"2024-01-01T12:00:09Z"}}},
      {"state":{"terminated":{"exitCode":137,"signal":9,"reason":"OOMKilled",
                              "finishedAt":"2024-01-01T12:00:05Z"}}},
      {"state":{"terminated":{"exitCode":1,"reason":"Error"}}}]})");
  EXPECT_EQ(pod.exit_code, 137);
  EXPECT_EQ(pod.signal, 9);
  EXPECT_EQ(pod.terminated_reason, "OOMKilled");
  EXPECT_EQ(pod.finished.unix_ms, 1704110409000);
  EXPECT_TRUE(pod.terminal());
}

TEST(PodStatus, NamesTheContainerThatWaitsInTrouble) {
  const Pod pod = PodOf("{}", R"({"phase":"Pending","containerStatuses":[
      {"state":{"waiting":{"reason":"ContainerCreating"}}},
      {"state":{"waiting":{"reason":"ImagePullBackOff","message":"no such image"}}},
      {"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})");
  EXPECT_EQ(pod.waiting_reason, "ImagePullBackOff");
  EXPECT_EQ(pod.waiting_message, "no such image");
}

TEST(PodStatus, TellsThatItIsNotScheduled) {
  const Pod pod = PodOf("{}", R"({"conditions":[{"type":"PodScheduled","status":"False",
      "message":"no room","lastTransitionTime":"2024-01-01T12:00:00Z"}]})");
  EXPECT_TRUE(pod.scheduled_condition_false);
  EXPECT_EQ(pod.scheduled_message, "no room");
  EXPECT_EQ(pod.scheduled_false_since.unix_ms, 1704110400000);
}

}  // namespace
}  // namespace muster::api
