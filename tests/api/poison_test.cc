// Objects that are wrong in every way that an object can be: each is told in one sentence, and none
// takes others with it.
#include <gtest/gtest.h>

#include <random>

#include "muster/api/codec.h"
#include "muster/api/core.h"
#include "muster/api/job.h"
#include "muster/api/render.h"
#include "muster/api/tenant.h"
#include "muster/api/workflow.h"

namespace muster::api {
namespace {

std::string JobText(const std::string& spec, const std::string& status = "{}") {
  return R"({"metadata":{"name":"j","namespace":"a","uid":"u"},"spec":)" + spec +
         R"(,"status":)" + status + "}";
}

struct Poison {
  std::string spec;
  std::string sentence;
};

class PoisonJobs : public testing::TestWithParam<Poison> {};

TEST_P(PoisonJobs, AreTold) {
  const auto job = Decode<Job>(JobText(GetParam().spec));
  EXPECT_EQ(job.meta.name, "j");
  EXPECT_EQ(job.invalid, GetParam().sentence);
}

INSTANTIATE_TEST_SUITE_P(
    Of, PoisonJobs,
    testing::Values(
        Poison{R"({"image":7})", "spec.image must be a string"},
        Poison{R"({"image":"i","command":"run"})", "spec.command must be a list"},
        Poison{R"({"image":"i","replicas":"2"})", "spec.replicas must be a whole number"},
        Poison{R"({"image":"i","replicas":1.5})", "spec.replicas must be a whole number"},
        Poison{R"({"image":"i","replicas":-1})",
               "spec.replicas must be between 1 and 2147483647"},
        Poison{R"({"image":"i","replicas":18446744073709551615})",
               "spec.replicas must be between 1 and 2147483647"},
        Poison{R"({"image":"i","replicas":99999999999999999999999})",
               "spec.replicas must be a whole number"},
        Poison{R"({"image":"i","replicas":1e999})",
               "spec is not valid JSON, or has a number that is out of range"},
        Poison{R"({"image":"i","replicas":NaN})",
               "spec is not valid JSON, or has a number that is out of range"},
        Poison{R"({"image":"i","resources":{"cpu":"abc"}})",
               R"(spec.resources.cpu "abc" is not a quantity such as 500m, 2 or 4Gi)"},
        Poison{R"({"image":"i","resources":{"memory":"-4Gi"}})",
               R"(spec.resources.memory "-4Gi" must not be negative)"},
        Poison{R"({"image":"i","resources":{"memory":"16Ei"}})",
               R"(spec.resources.memory "16Ei" is too large)"},
        Poison{R"({"image":"i","resources":{"cpu":{}}})",
               "spec.resources.cpu must be a quantity such as 500m, 2 or 4Gi"},
        Poison{R"({"image":"i","resources":["cpu"]})", "spec.resources must be an object"},
        Poison{R"({"image":"i","deadline":"tomorrow"})",
               "spec.deadline must be a time such as 2024-01-01T12:00:00Z"},
        Poison{R"({"image":"i","priority":"urgent"})",
               "spec.priority must be critical, high, normal, low, scavenger or a number"},
        Poison{R"({"image":"i","priority":1e5})", "spec.priority must be a whole number"},
        Poison{R"({"image":"i","gang":[]})", "spec.gang must be an object"},
        Poison{R"({"image":"i","retryPolicy":{"maxRetries":-1}})",
               "spec.retryPolicy.maxRetries must be between 0 and 2147483647"},
        Poison{R"({"image":"i","suspend":"yes"})", "spec.suspend must be true or false"},
        Poison{"{}", "spec.image or spec.tasks must be given, and not both"},
        Poison{R"({"tasks":7})", "spec.tasks must be a list"},
        Poison{R"({"tasks":[7]})", "spec.tasks must be a list of objects"},
        Poison{R"({"tasks":[{"name":"a"}]})", "spec.tasks[0].template must be given"},
        Poison{"7", "spec must be an object"},
        Poison{"[1,2", "spec is not valid JSON, or has a number that is out of range"},
        Poison{"{\"image\":\"\xff\xfe\"}",
               "spec is not valid JSON, or has a number that is out of range"}));

TEST(Poison, DeepNestingIsRefusedAndNotWalked) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"a":)";
  deep += "1" + std::string(100'000, '}');
  const auto job = Decode<Job>(JobText(R"({"image":"i","x":)" + deep + "}"));
  EXPECT_EQ(job.meta.name, "j");
  EXPECT_EQ(job.invalid, "spec is nested deeper than 200 levels");
}

TEST(Poison, AJobOfTenMebibytesIsReadLikeAnyOther) {
  const auto job = Decode<Job>(JobText(R"({"image":")" + std::string(10 << 20, 'x') + R"("})"));
  EXPECT_EQ(job.invalid, "");
}

TEST(Poison, OfARepeatedMemberTheLastCounts) {
  EXPECT_EQ(Decode<Job>(JobText(R"({"image":"a","image":"b","replicas":2,"replicas":3})"))
                .spec.tasks.at(0).replicas,
            3);
}

TEST(Poison, WordsOfAnotherVersionInAStatusAreTold) {
  EXPECT_EQ(Decode<Job>(JobText(R"({"image":"i"})", R"({"placement":{"state":"Growing"}})")).invalid,
            "status.placement.state is a word of another version of Muster: \"Growing\"");
}

TEST(Poison, OneBadItemLeavesItsSiblingsAlone) {
  const std::string good = R"({"metadata":{"name":"good"},"spec":{"image":"i"}})";
  const std::string torn = R"({"metadata":{"name":"torn"},"spec":{"image":nonsense!}})";
  const auto jobs = DecodeList<Job>(R"({"items":[)" + good + "," + torn + "," + good + "]}");
  ASSERT_EQ(jobs.size(), 3U);
  EXPECT_EQ(jobs[0].invalid, "");
  EXPECT_EQ(jobs[1].meta.name, "torn");
  EXPECT_EQ(jobs[1].invalid, "spec is not valid JSON, or has a number that is out of range");
  EXPECT_EQ(jobs[2].invalid, "");
}

TEST(Poison, AListThatIsTornIsNoList) {
  const std::string whole = R"({"metadata":{},"items":[{"metadata":{"name":"a"}}]})";
  EXPECT_TRUE(IsWhole(whole + "\n"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(IsWhole(whole.substr(0, length))) << length;
  }
  EXPECT_TRUE(DecodeList<Node>(R"({"items":[{"metadata":{"name":"a"}},{"metadata":{"na)").empty());
}

TEST(Poison, MetadataOfGarbageStillNamesTheObject) {
  const auto job = Decode<Job>(
      R"({"metadata":{"name":"j","labels":{"a":7},"ownerReferences":"x"},"spec":{"image":"i"}})");
  EXPECT_EQ(job.meta.name, "j");
  EXPECT_EQ(job.invalid, "metadata.labels.a must be a string");
}

// Every decoder, and what follows from it, on valid objects with random damage.
const std::string kSeeds[] = {
    R"({"metadata":{"name":"j","namespace":"a","uid":"u","labels":{"x":"y"}},"spec":{"tasks":[
      {"name":"w","replicas":3,"template":{"metadata":{"labels":{"a":"b"}},"spec":{
        "initContainers":[{"name":"i","restartPolicy":"Always"}],
        "nodeSelector":{"k":"v"},"volumes":[{"name":"v","emptyDir":{}}],
        "containers":[{"name":"c","env":[{"name":"A","value":"\u00e9\n"}],
          "resources":{"requests":{"cpu":"1500m","gpu":2},"limits":{"memory":"4Gi"}}}]}}}],
      "gang":{"minMember":2},"priority":"high","deadline":"2024-01-01T12:00:00Z"},
      "status":{"epoch":4,"placement":{"attempt":1,"state":"Committed","assignments":[
        {"node":"n","task":"w","indexes":"0-2"}]},"conditions":[{"type":"T","status":"True",
        "lastTransitionTime":"2024-01-01T12:00:00Z"}]}})",
    R"({"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"resources":{"requests":
      {"cpu":"100m","memory":"1e3"}},"ports":[{"hostPort":80}]}],"affinity":{"nodeAffinity":{
      "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[
      {"key":"a","operator":"In","values":["b"]}]}]}}},"tolerations":[{"operator":"Exists"}]},
      "status":{"phase":"Running","containerStatuses":[{"state":{"terminated":{"exitCode":3}}}]}})",
    R"({"metadata":{"name":"t"},"spec":{"resourceQuota":{"cpu":"100","storage":"1Ti"},"weight":1.5,
      "networkPolicy":{"isolation":"strict","allowedNamespaces":["a-*"]},"borrowing":{"limit":
      {"gpu":4}}},"status":{"used":{"cpu":"1"},"namespaces":["a"],"allocatable":{"cpu":"8"}}})",
    R"({"metadata":{"name":"w"},"spec":{"tasks":[{"name":"a","image":"i","resources":{"cpu":1}},
      {"name":"b","image":"i","dependencies":["a"]}],"hard":{"requests.cpu":"5"}},"status":{}})"};

std::string Damage(std::string text, std::mt19937& random) {
  constexpr std::string_view kPieces[] = {"{", "}", "[", "]", "\"", ":", ",", "null", "-1", "1e999",
                                          "\\", "\xff", "9223372036854775808", "{}", "[]", "true"};
  const auto below = [&random](std::size_t n) { return random() % n; };
  for (std::size_t i = 1 + below(4); i > 0 && !text.empty(); --i) {
    const std::size_t at = below(text.size());
    switch (below(4)) {
      case 0: text[at] = static_cast<char>(random()); break;
      case 1: text.erase(at, 1 + below(20)); break;
      case 2: text.insert(at, kPieces[below(std::size(kPieces))]); break;
      default: text.insert(at, text.substr(below(text.size()), below(60))); break;
    }
  }
  return text;
}

template <class T>
void DecodeAll(const std::string& text) {
  Decode<T>(text);
  DecodeList<T>(R"({"items":[)" + text + "," + text + "]}");
  DecodeWatchEvent<T>(R"({"type":"ADDED","object":)" + text + "}");
}

void RenderAll(const std::string& text) {
  const auto job = Decode<Job>(text);
  TenantSpec tenant;
  tenant.security = {true, false, false, false, false, ""};
  tenant.node_selector = {{"k", "v"}};
  PodContext context;
  context.job = &job;
  context.tenant_spec = &tenant;
  for (const TaskSpec& task : job.spec.tasks) {
    const auto pod = RenderPod(context, task, 0, "n");
    if (pod.ok()) Decode<Pod>(*pod);
  }
  JobStatusPatch(Job{}, job.status);
}

TEST(Fuzz, DamagedObjectsNeverStopADecoder) {
  constexpr unsigned kSeed = 20'240'101;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 1'000; ++round) {
    const std::string text = Damage(kSeeds[random() % std::size(kSeeds)], random);
    SCOPED_TRACE(text);
    DecodeAll<Job>(text);
    DecodeAll<Pod>(text);
    DecodeAll<Node>(text);
    DecodeAll<Tenant>(text);
    DecodeAll<ResourceQuota>(text);
    DecodeAll<Workflow>(text);
    RenderAll(text);
  }
}

}  // namespace
}  // namespace muster::api
