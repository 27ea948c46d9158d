#include "muster/api/codec.h"

#include <gtest/gtest.h>

#include "muster/api/api_servers.h"
#include "muster/api/core.h"
#include "muster/api/job.h"
#include "muster/api/tenant.h"
#include "muster/api/workflow.h"

namespace muster::api {
namespace {

TEST(Codec, ReadsMetadata) {
  const auto node = Decode<Node>(R"({"metadata":{"name":"n1","uid":"u1","resourceVersion":"42",
      "generation":3,"creationTimestamp":"2024-01-01T12:00:00Z","labels":{"zone":"a"},
      "annotations":{"scheduler.io/user":"alice","other":"x"},"finalizers":["f"],
      "managedFields":[{"manager":"m"}],
      "ownerReferences":[{"apiVersion":"v1","kind":"K","name":"o","uid":"u2","controller":true}]}})");
  EXPECT_EQ(node.invalid, "");
  EXPECT_EQ(node.meta.name, "n1");
  EXPECT_EQ(node.meta.resource_version, "42");
  EXPECT_EQ(node.meta.generation, 3);
  EXPECT_EQ(node.meta.created.unix_ms, 1704110400000);
  EXPECT_EQ(node.meta.labels.at("zone"), "a");
  EXPECT_EQ(node.meta.annotations.size(), 1U);
  ASSERT_EQ(node.meta.owners.size(), 1U);
  EXPECT_TRUE(node.meta.owners[0].controller);
}

TEST(Codec, WhatKubectlApplyKeepsInAnAnnotationIsNoTrouble) {
  const auto job = Decode<Job>(R"({"metadata":{"name":"j","annotations":{"scheduler.io/user":"a",
      "kubectl.kubernetes.io/last-applied-configuration":"{\"kind\":\"Job\"}"}},
      "spec":{"image":"busybox"}})");
  EXPECT_EQ(job.invalid, "");
  EXPECT_EQ(job.meta.annotations.count("scheduler.io/user"), 1U);
}

TEST(Codec, ReadsANode) {
  const auto node = Decode<Node>(R"({"metadata":{"name":"n1"},
      "spec":{"unschedulable":true,"taints":[{"key":"gpu","value":"yes","effect":"NoSchedule"}]},
      "status":{"allocatable":{"cpu":"31500m","memory":"64Gi","nvidia.com/gpu":"8","pods":110},
                "images":[{"names":["x"]}],
                "conditions":[{"type":"MemoryPressure","status":"True"},
                              {"type":"Ready","status":"True"}]}})");
  EXPECT_EQ(node.invalid, "");
  EXPECT_TRUE(node.unschedulable);
  EXPECT_TRUE(node.ready);
  EXPECT_EQ(node.taints.at(0).effect, "NoSchedule");
  EXPECT_EQ(node.allocatable.at("cpu"), 31'500);
  EXPECT_EQ(node.allocatable.at("memory"), 64LL << 30);
  EXPECT_EQ(node.allocatable.at("nvidia.com/gpu"), 8);
  EXPECT_EQ(node.allocatable.at("pods"), 110);
}

TEST(Codec, ANodeIsNotReadySinceItsConditionSaysSo) {
  const auto read = [](const std::string& word) {
    return Decode<Node>(
        R"({"metadata":{"name":"n1"},"status":{"conditions":[{"type":"Ready","status":")" + word +
        R"(","lastTransitionTime":"2024-01-01T12:00:00Z"}]}})");
  };
  EXPECT_EQ(read("Unknown").not_ready_since.unix_ms, 1'704'110'400'000);
  EXPECT_EQ(read("True").not_ready_since.unix_ms, 0);
}

TEST(Codec, AJobWaitsForItsPodsUnlessItSaysOtherwise) {
  const auto waits = Decode<Job>(R"({"metadata":{"name":"j"},"spec":{"image":"i"}})");
  EXPECT_EQ(waits.spec.pod_replacement_policy, "Failed");
  EXPECT_EQ(waits.spec.unreachable_seconds, 300);
  const auto other = Decode<Job>(R"({"metadata":{"name":"j"},"spec":{"image":"i",
      "podReplacementPolicy":"TerminatingOrFailed","unreachableSeconds":60}})");
  EXPECT_EQ(other.invalid, "");
  EXPECT_EQ(other.spec.pod_replacement_policy, "TerminatingOrFailed");
  EXPECT_EQ(other.spec.unreachable_seconds, 60);
}

TEST(Codec, ANodeThatReportsNonsenseNamesTheField) {
  const auto node = Decode<Node>(R"({"metadata":{"name":"n1"},
      "status":{"allocatable":{"cpu":"8","nvidia.com/gpu":"-5"}}})");
  EXPECT_EQ(node.invalid, R"(status.allocatable.nvidia.com/gpu "-5" must not be negative)");
  EXPECT_EQ(node.allocatable.at("cpu"), 8'000);
}

TEST(Codec, ANodeOfMoreThanOneEIsSetAsideAndSaysOfWhat) {
  // What the API server makes of a number of GPUs that does not fit 64 bits.
  const Node node = Decode<Node>(R"({"metadata":{"name":"n"},
      "status":{"allocatable":{"cpu":"8","nvidia.com/gpu":"9223372036854775807"}}})");
  EXPECT_EQ(node.invalid, "status.allocatable.nvidia.com/gpu is too large for a node");
  EXPECT_EQ(node.allocatable.at("cpu"), 8'000);
  EXPECT_FALSE(node.allocatable.contains("nvidia.com/gpu"));
}

TEST(Codec, ReadsATerminatingNamespace) {
  EXPECT_TRUE(Decode<Namespace>(R"({"metadata":{"name":"a"},"status":{"phase":"Terminating"}})")
                  .terminating);
  EXPECT_FALSE(
      Decode<Namespace>(R"({"metadata":{"name":"a"},"status":{"phase":"Active"}})").terminating);
}

TEST(Codec, ReadsTheTenantOfTheRequirements) {
  const auto tenant = Decode<Tenant>(R"({"metadata":{"name":"tenant-a"},"spec":{
      "resourceQuota":{"cpu":"100","memory":"200Gi","storage":"1Ti","gpu":"10"},
      "priorityClass":"high",
      "networkPolicy":{"isolation":"strict","allowedNamespaces":["tenant-a-*"]},
      "securityPolicy":{"runAsNonRoot":true,"allowPrivileged":false}}})");
  EXPECT_EQ(tenant.invalid, "");
  EXPECT_EQ(tenant.spec.hard, (ResourceList{{"cpu", 100'000},
                                            {"memory", 200LL << 30},
                                            {"requests.storage", 1LL << 40},
                                            {"gpu", 10}}));
  EXPECT_EQ(tenant.spec.priority_class, "high");
  EXPECT_TRUE(tenant.spec.priority_class_set);
  EXPECT_EQ(tenant.spec.network.isolation, "strict");
  EXPECT_EQ(tenant.spec.security.run_as_non_root, true);
  EXPECT_EQ(tenant.spec.security.allow_privileged, false);
  EXPECT_EQ(tenant.spec.security.allow_host_path, std::nullopt);
}

TEST(Codec, AWeightMayBeAFraction) {
  EXPECT_EQ(Decode<Tenant>(R"({"metadata":{"name":"t"},"spec":{"weight":0.5}})").spec.weight_milli,
            500);
  EXPECT_EQ(Decode<Tenant>(R"({"metadata":{"name":"t"},"spec":{"weight":3}})").spec.weight_milli,
            3'000);
}

TEST(Codec, ReadsTheQuotaOfTheRequirements) {
  const auto quota = Decode<ResourceQuota>(R"({"metadata":{"name":"q","namespace":"a"},"spec":{
      "hard":{"requests.cpu":"50","limits.memory":"200Gi","count/jobs":"1000"}}})");
  EXPECT_EQ(quota.invalid, "");
  EXPECT_EQ(quota.hard,
            (ResourceList{
                {"requests.cpu", 50'000}, {"limits.memory", 200LL << 30}, {"count/jobs", 1'000}}));
}

TEST(Codec, TheShortFormBecomesTheTaskMain) {
  const auto job = Decode<Job>(R"({"metadata":{"name":"j","namespace":"a"},"spec":{
      "image":"data-processor:v1.0","command":["run"],
      "resources":{"cpu":"2","memory":"4Gi","gpu":1},"priority":"high",
      "deadline":"2024-01-01T12:00:00Z",
      "retryPolicy":{"maxRetries":3,"backoffPolicy":"exponential"}}})");
  EXPECT_EQ(job.invalid, "");
  ASSERT_EQ(job.spec.tasks.size(), 1U);
  EXPECT_TRUE(job.spec.short_form);
  EXPECT_EQ(job.spec.tasks[0].name, "main");
  EXPECT_EQ(job.spec.tasks[0].replicas, 1);
  EXPECT_EQ(job.spec.tasks[0].template_json,
            R"({"spec":{"containers":[{"command":["run"],"image":"data-processor:v1.0",)"
            R"("name":"main","resources":{"limits":{"gpu":"1","memory":"4Gi"},)"
            R"("requests":{"cpu":"2","gpu":"1","memory":"4Gi"}}}]}})");
  EXPECT_EQ(job.spec.priority_class, "high");
  EXPECT_EQ(job.spec.deadline.unix_ms, 1704110400000);
  EXPECT_EQ(job.spec.retry.max_retries, 3);
}

TEST(Codec, ReadsTheFullFormOfAJob) {
  const auto job = Decode<Job>(R"({"metadata":{"name":"j","namespace":"a"},"spec":{
      "tasks":[{"name":"ps","replicas":2,"template":{"spec":{"containers":[{"name":"c"}]}}},
               {"name":"worker","replicas":6,"template":{"spec":{}}}],
      "gang":{"minMember":4,"timeoutSeconds":60},"priority":600,"gpu":{"model":"H100"},
      "preemption":{"policy":"Reclaim","maxPreemptions":2,"minRuntimeSeconds":30,
                    "gracePeriodSeconds":5},
      "suspend":true,"cancel":true,"ttlSecondsAfterFinished":0,"maxRuntimeSeconds":100,
      "activeDeadlineSeconds":200}})");
  EXPECT_EQ(job.invalid, "");
  ASSERT_EQ(job.spec.tasks.size(), 2U);
  EXPECT_EQ(job.spec.tasks[0].template_json, R"({"spec":{"containers":[{"name":"c"}]}})");
  EXPECT_EQ(job.spec.min_member, 4);
  EXPECT_EQ(job.spec.gang_timeout_seconds, 60);
  EXPECT_EQ(job.spec.priority_value, 600);
  EXPECT_EQ(job.spec.gpu_model, "H100");
  EXPECT_EQ(job.spec.preemption.policy, "Reclaim");
  EXPECT_EQ(job.spec.preemption.grace_period_seconds, 5);
  EXPECT_TRUE(job.spec.suspend && job.spec.cancel);
  EXPECT_EQ(job.spec.ttl_seconds_after_finished, 0);
}

TEST(Codec, ReadsAWorkflow) {
  const auto workflow = Decode<Workflow>(R"({"metadata":{"name":"w","namespace":"a"},"spec":{
      "tasks":[{"name":"in","image":"i:1","resources":{"cpu":"1"}},
               {"name":"train","image":"t:1","dependencies":["in"],"replicas":2}]}})");
  EXPECT_EQ(workflow.invalid, "");
  ASSERT_EQ(workflow.tasks.size(), 2U);
  EXPECT_EQ(workflow.tasks[1].dependencies, std::vector<std::string>{"in"});
  EXPECT_EQ(workflow.tasks[1].job_spec_json, R"({"image":"t:1","replicas":2})");
}

TEST(Codec, ReadsListsAndLeavesOutWhatHasNoName) {
  const std::vector<KindDrops> before = DecodeDrops();
  const auto nodes = DecodeList<Node>(R"({"kind":"NodeList","metadata":{"resourceVersion":"1"},
      "items":[{"metadata":{"name":"a"}}, {"metadata":{}}, 7, {"metadata":{"name":"b"}}]})");
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[1].meta.name, "b");
  const std::vector<KindDrops> after = DecodeDrops();
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].count - before[i].count, after[i].kind == "Node" ? 2 : 0) << after[i].kind;
  }
}

TEST(Codec, AnEmptyListIsEmpty) {
  EXPECT_TRUE(DecodeList<Pod>(R"({"items":[]})").empty());
  EXPECT_TRUE(DecodeList<Pod>(R"({"items":null})").empty());
  EXPECT_TRUE(DecodeList<Pod>("").empty());
}

TEST(Codec, ReadsWatchEvents) {
  const auto event = DecodeWatchEvent<Namespace>(
      R"({"type":"MODIFIED","object":{"kind":"Namespace","metadata":{"name":"a"}}})");
  EXPECT_EQ(event.type, WatchType::kModified);
  EXPECT_EQ(event.object.meta.name, "a");
  EXPECT_EQ(DecodeWatchEvent<Namespace>(R"({"type":"BOOKMARK","object":{}})").type,
            WatchType::kOther);
  EXPECT_EQ(DecodeWatchEvent<Namespace>(R"({"type":"ADDED","object":{"metadata":{}}})").type,
            WatchType::kOther);
}

TEST(EndpointSlice, NamesEveryAddressWithItsHttpsPort) {
  const auto addresses = [](std::string_view type, std::string_view list) {
    return HttpsAddresses(
        R"({"addressType":")" + std::string(type) + R"(","endpoints":)" + std::string(list) +
        R"(,"ports":[{"name":"metrics","port":1},{"name":"https","port":6443}]})");
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(addresses("IPv4", R"([{"addresses":["10.0.0.1"]},{"addresses":["10.0.0.2"]}])"),
            (Texts{"10.0.0.1:6443", "10.0.0.2:6443"}));
  EXPECT_EQ(addresses("IPv6", R"([{"addresses":["fd00::1"]}])"), (Texts{"[fd00::1]:6443"}));
  EXPECT_EQ(addresses("IPv4", R"([{"addresses":7}])"), Texts{});
  EXPECT_EQ(HttpsAddresses("garbage"), Texts{});
}

TEST(ServerLeases, CountsTheApiServersThatRenewTheirs) {
  const auto lease = [](const std::string& name, const std::string& renewed) {
    return R"({"metadata":{"name":")" + name +
           R"("},"spec":{"holderIdentity":"x","leaseDurationSeconds":3600,"renewTime":")" +
           renewed + R"("}})";
  };
  const auto count = [](const std::string& items) {
    return LiveServers(R"({"items":[)" + items + "]}", {1704114000000});  // 13:00
  };
  const std::string live = "2024-01-01T12:30:00.000000Z";
  EXPECT_EQ(count(lease("apiserver-a", live)), 1);
  EXPECT_EQ(count(lease("apiserver-a", live) + "," + lease("apiserver-b", live)), 2);
  EXPECT_EQ(count(lease("apiserver-a", "2024-01-01T11:59:59.000000Z")), 0);
  EXPECT_EQ(count(lease("apiserver-a", "soon")), 1) << "what cannot be read may be alive";
  EXPECT_EQ(count(lease("kube-scheduler", live)), 0);
  EXPECT_EQ(LiveServers("garbage", {}), 0);
}

}  // namespace
}  // namespace muster::api
