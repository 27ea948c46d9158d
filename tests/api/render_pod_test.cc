#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "muster/api/codec.h"
#include "muster/api/render.h"

namespace muster::api {
namespace {

using Json = nlohmann::json;

Job ShortJob(const std::string& more = "") {
  return Decode<Job>(R"({"metadata":{"name":"train","namespace":"team","uid":"uid-1"},
      "spec":{"image":"i:1","resources":{"cpu":"2","gpu":8})" +
                     more + "}}");
}

Job FullJob(const std::string& pod_template) {
  return Decode<Job>(R"({"metadata":{"name":"train","namespace":"team","uid":"uid-1"},
      "spec":{"tasks":[{"name":"ps","template":{"spec":{"containers":[{"name":"a"}]}}},
                       {"name":"worker","replicas":3,"template":)" +
                     pod_template + "}]}}");
}

PodContext ContextOf(const Job& job, const TenantSpec* tenant = nullptr) {
  PodContext context;
  context.job = &job;
  context.attempt = 2;
  context.epoch = 7;
  context.tenant = "team-a";
  context.tenant_spec = tenant;
  return context;
}

Json RenderTask(const Job& job, std::size_t task, std::int32_t index,
                const TenantSpec* tenant = nullptr) {
  const auto pod = RenderPod(ContextOf(job, tenant), job.spec.tasks.at(task), index, "node-1");
  EXPECT_TRUE(pod.ok()) << (pod.ok() ? "" : pod.error().message);
  return pod.ok() ? Json::parse(*pod) : Json();
}

std::string RefusalOf(const Job& job, std::size_t task, const TenantSpec* tenant = nullptr) {
  const auto pod = RenderPod(ContextOf(job, tenant), job.spec.tasks.at(task), 0, "node-1");
  return pod.ok() ? "" : pod.error().message;
}

std::string EnvOf(const Json& pod, const std::string& name) {
  for (const Json& variable : pod["spec"]["containers"][0]["env"]) {
    if (variable["name"] == name) return variable["value"];
  }
  return "(absent)";
}

TEST(RenderPod, TheWholePodOfAShortJob) {
  const Json pod = RenderTask(ShortJob(R"(,"command":["run"])"), 0, 0);
  const Json golden = Json::parse(R"({"apiVersion":"v1","kind":"Pod",
    "metadata":{"name":"train-main-0-wbjmr","namespace":"team",
      "labels":{"scheduler.io/job":"train","scheduler.io/task":"main","scheduler.io/index":"0",
                "scheduler.io/attempt":"2","scheduler.io/tenant":"team-a",
                "scheduler.io/fenced":"true"},
      "annotations":{"scheduler.io/epoch":"7"},
      "ownerReferences":[{"apiVersion":"scheduler.io/v1","kind":"Job","name":"train",
                          "uid":"uid-1","controller":true,"blockOwnerDeletion":false}]},
    "spec":{"nodeName":"node-1","schedulerName":"muster","restartPolicy":"Never",
      "hostname":"train-main-0",
      "containers":[{"name":"main","image":"i:1","command":["run"],
        "resources":{"requests":{"cpu":"2","nvidia.com/gpu":"8"},
                     "limits":{"nvidia.com/gpu":"8"}},
        "env":[{"name":"WORLD_SIZE","value":"1"},{"name":"RANK","value":"0"},
               {"name":"LOCAL_WORLD_SIZE","value":"1"},
               {"name":"MASTER_ADDR","value":"train-main-0"},
               {"name":"MASTER_PORT","value":"29500"},{"name":"PET_NNODES","value":"1"},
               {"name":"PET_NODE_RANK","value":"0"},{"name":"PET_NPROC_PER_NODE","value":"8"},
               {"name":"PET_MASTER_ADDR","value":"train-main-0"},
               {"name":"PET_MASTER_PORT","value":"29500"},
               {"name":"JOB_COMPLETION_INDEX","value":"0"}]}]}})");
  EXPECT_EQ(pod, golden) << Json::diff(golden, pod).dump(1);
}

TEST(RenderPod, PodsOfAGangFindRankZeroThroughTheService) {
  const Job job = FullJob(R"({"spec":{"containers":[{"name":"c"}]}})");
  const Json pod = RenderTask(job, 1, 2);
  EXPECT_EQ(EnvOf(pod, "WORLD_SIZE"), "4");
  EXPECT_EQ(EnvOf(pod, "RANK"), "3");
  EXPECT_EQ(EnvOf(pod, "JOB_COMPLETION_INDEX"), "2");
  EXPECT_EQ(EnvOf(pod, "MASTER_ADDR"), "train-ps-0.train.team.svc");
  EXPECT_EQ(EnvOf(pod, "PET_NPROC_PER_NODE"), "1");
  EXPECT_EQ(pod["spec"]["hostname"], "train-worker-2");
  EXPECT_EQ(pod["spec"]["subdomain"], "train");
}

TEST(RenderPod, InitContainersGetTheEnvironmentToo) {
  const Job job =
      FullJob(R"({"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"c"}]}})");
  EXPECT_EQ(RenderTask(job, 1, 0)["spec"]["initContainers"][0]["env"].size(), 11U);
}

TEST(RenderPod, WhatTheUserSetWins) {
  const Job job = ShortJob(R"(,"env":[{"name":"RANK","value":"mine"},{"name":"X","value":"1"}])");
  const Json pod = RenderTask(job, 0, 0);
  EXPECT_EQ(EnvOf(pod, "RANK"), "mine");
  EXPECT_EQ(pod["spec"]["containers"][0]["env"].size(), 12U);
  EXPECT_EQ(pod["spec"]["containers"][0]["env"].back()["name"], "X");
}

TEST(RenderPod, DevicesAreNotAskedForByBothOfTheirNames) {
  const Job twice = Decode<Job>(R"({"metadata":{"name":"train"},
      "spec":{"image":"i","resources":{"gpu":1,"nvidia.com/gpu":4}}})");
  EXPECT_EQ(RefusalOf(twice, 0),
            "spec.resources: gpu and nvidia.com/gpu are the same: leave one out");
  const Job full = FullJob(
      R"({"spec":{"containers":[{"name":"c",
          "resources":{"limits":{"gpu":1,"nvidia.com/gpu":1}}}]}})");
  EXPECT_EQ(
      RefusalOf(full, 1),
      "spec.tasks[1].template.spec.containers[0].resources.limits: gpu and nvidia.com/gpu are "
      "the same: leave one out");
}

TEST(RenderPod, LabelsOfTheTemplateStayButNotOverOurs) {
  const Job job = FullJob(R"({"metadata":{"labels":{"app":"x","scheduler.io/attempt":"99"},
      "annotations":{"scheduler.io/epoch":"99","note":"y"}},"spec":{"containers":[{"name":"c"}]}})");
  const Json pod = RenderTask(job, 1, 0);
  EXPECT_EQ(pod["metadata"]["labels"]["app"], "x");
  EXPECT_EQ(pod["metadata"]["labels"]["scheduler.io/attempt"], "2");
  EXPECT_EQ(pod["metadata"]["annotations"]["scheduler.io/epoch"], "7");
  EXPECT_EQ(pod["metadata"]["annotations"]["note"], "y");
}

TEST(RenderPod, ATemplateMayNameTheNamespaceOfItsJob) {
  const Job job = FullJob(R"({"metadata":{"namespace":"team","name":""},
      "spec":{"containers":[{"name":"c"}]}})");
  EXPECT_EQ(RefusalOf(job, 1), "");
}

TEST(RenderPod, SharedMemoryIsAVolumeInMemory) {
  const Json pod = RenderTask(ShortJob(R"(,"sharedMemory":"16Gi")"), 0, 0);
  EXPECT_EQ(pod["spec"]["volumes"].dump(),
            R"([{"emptyDir":{"medium":"Memory","sizeLimit":"16Gi"},"name":"muster-shm"}])");
  EXPECT_EQ(pod["spec"]["containers"][0]["volumeMounts"].dump(),
            R"([{"mountPath":"/dev/shm","name":"muster-shm"}])");
}

TEST(RenderPod, TheDryRunFormHasNoNode) {
  const Job job = ShortJob();
  const auto text = RenderPod(ContextOf(job), job.spec.tasks[0], 0, "");
  ASSERT_TRUE(text.ok());
  const Json pod = Json::parse(*text);
  EXPECT_FALSE(pod["spec"].contains("nodeName"));
  EXPECT_TRUE(pod["metadata"]["name"].get<std::string>().ends_with("-dry"));
}

TEST(RenderPod, NamesTellAttemptsAndJobsApart) {
  Job job = ShortJob();
  const std::string first = PodName(job, "main", 0, 1);
  EXPECT_NE(first, PodName(job, "main", 0, 2));
  job.meta.uid = "uid-2";
  EXPECT_NE(first, PodName(job, "main", 0, 1));
  EXPECT_TRUE(first.starts_with("train-main-0-"));
}

TEST(RenderPod, TheTenantsSelectorIsMerged) {
  TenantSpec tenant;
  tenant.node_selector = {{"pool", "a"}};
  const Job job =
      FullJob(R"({"spec":{"nodeSelector":{"disk":"ssd"},"containers":[{"name":"c"}]}})");
  EXPECT_EQ(RenderTask(job, 1, 0, &tenant)["spec"]["nodeSelector"].dump(),
            R"({"disk":"ssd","pool":"a"})");
  const Job other =
      FullJob(R"({"spec":{"nodeSelector":{"pool":"b"},"containers":[{"name":"c"}]}})");
  EXPECT_EQ(RefusalOf(other, 1, &tenant),
            "spec.tasks[1].template.spec.nodeSelector[pool] must be \"a\" or left out: it is the "
            "placement of tenant team-a");
}

struct Refusal {
  const char* pod_template;
  const char* sentence;
};

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, NameTheField) {
  EXPECT_EQ(RefusalOf(FullJob(GetParam().pod_template), 1),
            std::string("spec.tasks[1].template") + GetParam().sentence);
}

INSTANTIATE_TEST_SUITE_P(
    OfTemplates, Refusals,
    testing::Values(
        Refusal{R"({"spec":{"nodeName":"n","containers":[{}]}})",
                ".spec.nodeName must be left out: Muster chooses the node"},
        Refusal{R"({"spec":{"schedulerName":"volcano","containers":[{}]}})",
                ".spec.schedulerName must be \"muster\" or left out"},
        Refusal{R"({"spec":{"schedulingGates":[{"name":"g"}],"containers":[{}]}})",
                ".spec.schedulingGates must be left out: a pod is created when it has its place"},
        Refusal{R"({"spec":{"resourceClaims":[{"name":"g"}],"containers":[{}]}})",
                ".spec.resourceClaims is not supported: ask for devices in resources"},
        Refusal{R"({"metadata":{"name":"n"},"spec":{"containers":[{}]}})",
                ".metadata.name must be left out: Muster names the pods of a Job"},
        Refusal{R"({"metadata":{"generateName":"n-"},"spec":{"containers":[{}]}})",
                ".metadata.generateName must be left out: Muster names the pods of a Job"},
        Refusal{R"({"metadata":{"namespace":"other"},"spec":{"containers":[{}]}})",
                ".metadata.namespace must be \"team\" or left out: pods are in the namespace of "
                "their Job"},
        Refusal{R"({"metadata":{"ownerReferences":[{}]},"spec":{"containers":[{}]}})",
                ".metadata.ownerReferences must be left out: the Job owns its pods"},
        Refusal{R"({"metadata":{"finalizers":["f"]},"spec":{"containers":[{}]}})",
                ".metadata.finalizers must be left out: they would keep a pod and what it holds"},
        Refusal{R"({"spec":{"ephemeralContainers":[{}],"containers":[{}]}})",
                ".spec.ephemeralContainers must be left out: they are added to running pods"},
        Refusal{R"({"spec":{"hostname":"h","containers":[{}]}})",
                ".spec.hostname must be left out: Muster gives each pod a stable hostname"},
        Refusal{R"({"spec":{"restartPolicy":"Always","containers":[{}]}})",
                ".spec.restartPolicy must be Never or OnFailure: a pod that is always started anew "
                "never ends"},
        Refusal{R"({"spec":{"containers":[]}})",
                ".spec.containers must be a list of at least one container"},
        Refusal{R"({"spec":{"containers":[{"env":"X=1"}]}})",
                ".spec.containers[0].env must be a list"},
        Refusal{R"({"spec":{"containers":[{"resources":{"requests":{"cpu":"abc"}}}]}})",
                ".spec.containers[0].resources.requests.cpu \"abc\" is not a quantity such as "
                "500m, 2 or 4Gi"},
        Refusal{R"({"spec":{"containers":[{"resources":{"limits":{"a.b/c":["1"]}}}]}})",
                ".spec.containers[0].resources.limits.a.b/c must be a quantity such as 500m, 2 or "
                "4Gi"},
        Refusal{R"({"spec":{"containers":[{"resources":{"requests":{"cpu":"-1"}}}]}})",
                ".spec.containers[0].resources.requests.cpu \"-1\" must not be negative"},
        Refusal{R"({"spec":{"containers":[7]}})", ".spec.containers[0] must be an object"},
        Refusal{R"({"spec":7})", ".spec must be an object"},
        Refusal{R"({"metadata":{"labels":"x"},"spec":{"containers":[{}]}})",
                ".metadata.labels must be an object"}));

struct Denial {
  const char* pod_spec;
  const char* sentence;
};

class Denials : public testing::TestWithParam<Denial> {};

TEST_P(Denials, NameTheFieldAndTheRule) {
  TenantSpec tenant;
  tenant.security = {true, false, false, false, false, ""};
  const Job job = FullJob(std::string(R"({"spec":)") + GetParam().pod_spec + "}");
  EXPECT_EQ(RefusalOf(job, 1), "");
  EXPECT_EQ(RefusalOf(job, 1, &tenant),
            std::string("spec.tasks[1].template.spec") + GetParam().sentence);
}

INSTANTIATE_TEST_SUITE_P(
    OfThePolicy, Denials,
    testing::Values(
        Denial{R"({"containers":[{},{"securityContext":{"privileged":true}}]})",
               ".containers[1].securityContext.privileged is not allowed: the tenant's "
               "securityPolicy says allowPrivileged: false"},
        Denial{R"({"containers":[{}],"initContainers":[{"securityContext":{"privileged":true}}]})",
               ".initContainers[0].securityContext.privileged is not allowed: the tenant's "
               "securityPolicy says allowPrivileged: false"},
        Denial{
            R"({"containers":[{"securityContext":{"capabilities":{"add":["CHOWN","SYS_ADMIN"]}}}]})",
            ".containers[0].securityContext.capabilities.add[1] is not allowed: the tenant's "
            "securityPolicy says allowPrivileged: false"},
        Denial{
            R"({"containers":[{}],
                "initContainers":[{"securityContext":{"capabilities":{"add":["ALL"]}}}]})",
            ".initContainers[0].securityContext.capabilities.add[0] is not allowed: the tenant's "
            "securityPolicy says allowPrivileged: false"},
        Denial{R"({"containers":[{"securityContext":{"procMount":"Unmasked"}}]})",
               ".containers[0].securityContext.procMount is not allowed: the tenant's "
               "securityPolicy says allowPrivileged: false"},
        Denial{R"({"containers":[{"securityContext":{"seccompProfile":{"type":"Unconfined"}}}]})",
               ".containers[0].securityContext.seccompProfile.type is not allowed: the tenant's "
               "securityPolicy says allowPrivileged: false"},
        Denial{R"({"securityContext":{"seccompProfile":{"type":"Unconfined"}},"containers":[{}]})",
               ".securityContext.seccompProfile.type is not allowed: the tenant's "
               "securityPolicy says allowPrivileged: false"},
        Denial{R"({"securityContext":{"appArmorProfile":{"type":"Unconfined"}},"containers":[{}]})",
               ".securityContext.appArmorProfile.type is not allowed: the tenant's "
               "securityPolicy says allowPrivileged: false"},
        Denial{R"({"containers":[{"securityContext":{"seLinuxOptions":{"type":"spc_t"}}}]})",
               ".containers[0].securityContext.seLinuxOptions.type is not allowed: the tenant's "
               "securityPolicy says allowPrivileged: false"},
        Denial{R"({"securityContext":{"seLinuxOptions":{"role":"sysadm_r"}},"containers":[{}]})",
               ".securityContext.seLinuxOptions.role is not allowed: the tenant's "
               "securityPolicy says allowPrivileged: false"},
        Denial{R"({"securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[{}]})",
               ".securityContext.windowsOptions.hostProcess is not allowed: the tenant's "
               "securityPolicy says allowPrivileged: false"},
        Denial{
            R"({"containers":[{}],"securityContext":{"sysctls":[
                {"name":"net.ipv4.tcp_syncookies","value":"1"},
                {"name":"kernel.msgmax","value":"1"}]}})",
            ".securityContext.sysctls[1].name is not allowed: the tenant's "
            "securityPolicy says allowPrivileged: false"},
        Denial{R"({"containers":[{"securityContext":{"runAsNonRoot":false}}]})",
               ".containers[0].securityContext.runAsNonRoot is not allowed: the tenant's "
               "securityPolicy says runAsNonRoot: true"},
        Denial{R"({"containers":[{"securityContext":{"runAsUser":0}}]})",
               ".containers[0].securityContext.runAsUser is not allowed: the tenant's "
               "securityPolicy says runAsNonRoot: true"},
        Denial{R"({"securityContext":{"runAsUser":0},"containers":[{}]})",
               ".securityContext.runAsUser is not allowed: the tenant's "
               "securityPolicy says runAsNonRoot: true"},
        Denial{R"({"hostPID":true,"containers":[{}]})",
               ".hostPID is not allowed: the tenant's securityPolicy says "
               "allowHostNetwork: false"},
        Denial{R"({"containers":[{"ports":[{"containerPort":1},{"hostPort":80}]}]})",
               ".containers[0].ports[1].hostPort is not allowed: the tenant's securityPolicy says "
               "allowHostNetwork: false"},
        Denial{R"({"volumes":[{"name":"v","hostPath":{"path":"/"}}],"containers":[{}]})",
               ".volumes[0].hostPath is not allowed: the tenant's securityPolicy says "
               "allowHostPath: false"},
        Denial{R"({"containers":[{"securityContext":{"allowPrivilegeEscalation":true}}]})",
               ".containers[0].securityContext.allowPrivilegeEscalation is not allowed: the "
               "tenant's securityPolicy says allowPrivilegeEscalation: false"}));

TEST(RenderPod, TheOlderFormOfAnAppArmorProfileIsRefusedToo) {
  TenantSpec tenant;
  tenant.security.allow_privileged = false;
  const auto refusal = [&tenant](const std::string& profile) {
    return RefusalOf(FullJob(R"({"metadata":{"annotations":{
            "container.apparmor.security.beta.kubernetes.io/c":")" +
                             profile + R"("}},"spec":{"containers":[{"name":"c"}]}})"),
                     1, &tenant);
  };
  EXPECT_EQ(refusal("runtime/default"), "");
  EXPECT_EQ(refusal("localhost/mine"), "");
  EXPECT_EQ(refusal("unconfined"),
            "spec.tasks[1].template.metadata.annotations[container.apparmor.security.beta."
            "kubernetes.io/c] is not allowed: the tenant's securityPolicy says "
            "allowPrivileged: false");
}

TEST(RenderPod, WhatTheBaselineAllowsIsNotPrivileged) {
  TenantSpec tenant;
  tenant.security.allow_privileged = false;
  const Job job = FullJob(R"({"spec":{
      "securityContext":{"seccompProfile":{"type":"RuntimeDefault"},"seLinuxOptions":{"level":"s0"},
        "sysctls":[{"name":"net.ipv4.ip_unprivileged_port_start","value":"0"}]},
      "containers":[{"name":"c","securityContext":{"procMount":"Default","capabilities":
        {"add":["NET_BIND_SERVICE"],"drop":["ALL"]},
        "appArmorProfile":{"type":"Localhost","localhostProfile":"p"}}}]}})");
  EXPECT_EQ(RefusalOf(job, 1, &tenant), "");
}

TEST(RenderPod, ThePolicyFillsInWhatThePodLeavesOpen) {
  TenantSpec tenant;
  tenant.security = {true, false, false, false, false, ""};
  const Json pod = RenderTask(ShortJob(), 0, 0, &tenant);
  EXPECT_EQ(pod["spec"]["securityContext"].dump(), R"({"runAsNonRoot":true})");
  EXPECT_EQ(pod["spec"]["containers"][0]["securityContext"].dump(),
            R"({"allowPrivilegeEscalation":false})");
}

TEST(RenderPod, DevicesAreNamedAsTheClusterNamesThem) {
  const Job job = ShortJob();
  PodContext context = ContextOf(job);
  context.gpu_resource = "amd.com/gpu";
  const Json pod = Json::parse(*RenderPod(context, job.spec.tasks[0], 0, "n"));
  EXPECT_EQ(pod["spec"]["containers"][0]["resources"]["limits"].dump(), R"({"amd.com/gpu":"8"})");
  EXPECT_EQ(EnvOf(pod, "PET_NPROC_PER_NODE"), "8");
}

}  // namespace
}  // namespace muster::api
