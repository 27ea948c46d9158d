#include <gtest/gtest.h>

#include "muster/api/codec.h"
#include "muster/api/render.h"

namespace muster::api {
namespace {

constexpr base::TimePoint kNoon{1704110400000};  // 2024-01-01T12:00:00Z

Job Written() {
  return Decode<Job>(R"({"metadata":{"name":"j","resourceVersion":"42"},"spec":{"image":"i"},
      "status":{"observedGeneration":1,"epoch":3,"attempt":1,"phase":"Running","gpus":8,
        "failures":0,"preemptions":0,"waitedSeconds":0,
        "placement":{"attempt":1,"revision":1,"state":"Committed","committedAt":"2024-01-01T12:00:00Z",
          "assignments":[{"node":"n","nodeUID":"u","task":"main","indexes":"0-7"}]},
        "conditions":[{"type":"Scheduled","status":"True","reason":"Scheduled","message":"on n",
                       "lastTransitionTime":"2024-01-01T12:00:00Z"}]}})");
}

TEST(StatusPatch, IsEmptyWhenNothingDiffers) {
  const Job job = Written();
  EXPECT_EQ(job.invalid, "");
  EXPECT_EQ(JobStatusPatch(job, job.status), "");
}

TEST(StatusPatch, HoldsOnlyWhatDiffersAndItsPrecondition) {
  const Job job = Written();
  JobStatus after = job.status;
  after.phase = "Succeeded";
  EXPECT_EQ(JobStatusPatch(job, after),
            R"({"metadata":{"resourceVersion":"42"},"status":{"phase":"Succeeded"}})");
}

TEST(StatusPatch, RemovesWithNull) {
  const Job job = Written();
  JobStatus after = job.status;
  after.placement.reset();
  after.conditions.clear();
  EXPECT_EQ(
      JobStatusPatch(job, after),
      R"({"metadata":{"resourceVersion":"42"},"status":{"conditions":null,"placement":null}})");
}

TEST(StatusPatch, DiffersInsideAPlacement) {
  const Job job = Written();
  JobStatus after = job.status;
  after.placement->state = PlacementState::kReleasing;
  after.placement->cause = ReleaseCause::kPreempted;
  EXPECT_EQ(JobStatusPatch(job, after),
            R"({"metadata":{"resourceVersion":"42"},"status":{"placement":{"cause":"Preempted",)"
            R"("state":"Releasing"}}})");
}

TEST(StatusPatch, TheNumberOfTheWriterAloneIsNoChange) {
  const Job job = Written();
  JobStatus after = job.status;
  after.epoch = 9;
  EXPECT_EQ(JobStatusPatch(job, after), "");
  after.phase = "Failed";
  EXPECT_EQ(JobStatusPatch(job, after),
            R"({"metadata":{"resourceVersion":"42"},"status":{"epoch":9,"phase":"Failed"}})");
}

TEST(StatusPatch, AConditionThatSaysTheSameKeepsItsTime) {
  const Job job = Written();
  JobStatus after = job.status;
  after.conditions[0].last_transition = {kNoon.unix_ms + 60'000};
  EXPECT_EQ(JobStatusPatch(job, after), "");
  after.conditions[0].status = "False";
  EXPECT_NE(JobStatusPatch(job, after).find("2024-01-01T12:01:00Z"), std::string::npos);
}

TEST(StatusPatch, TheFirstOneWritesZerosToo) {
  Tenant tenant;
  tenant.meta.resource_version = "1";
  TenantStatus after;
  after.observed_generation = 1;
  after.epoch = 2;
  EXPECT_EQ(TenantStatusPatch(tenant, after),
            R"({"metadata":{"resourceVersion":"1"},"status":{"epoch":2,"observedGeneration":1,)"
            R"("pending":0,"running":0}})");
}

TEST(StatusPatch, AmountsAreWrittenInTheirUnits) {
  ResourceQuota quota;
  ResourceQuotaStatus after;
  after.observed_generation = 1;
  after.used = {{"requests.cpu", 1'500}, {"requests.memory", 3LL << 30}, {"count/jobs", 4}};
  EXPECT_EQ(QuotaStatusPatch(quota, after),
            R"({"metadata":{"resourceVersion":""},"status":{"epoch":0,"observedGeneration":1,)"
            R"("used":{"count/jobs":"4","requests.cpu":"1500m","requests.memory":"3Gi"}}})");
}

TEST(StatusPatch, LongMessagesAreCutBetweenCharacters) {
  const Job job = Written();
  JobStatus after = job.status;
  std::string message;
  for (int i = 0; i < 3'000; ++i) message += "\u00e9";
  after.message = message;
  const std::string patch = JobStatusPatch(job, after);
  EXPECT_LT(patch.size(), 4'300U);
  EXPECT_EQ(patch.find("\uFFFD"), std::string::npos);
}

TEST(StatusPatch, TellsTheRunTimeAtTheEnd) {
  const Job job = Written();
  JobStatus after = job.status;
  after.start_time = kNoon;
  after.completion_time = {kNoon.unix_ms + 90'000};
  EXPECT_NE(JobStatusPatch(job, after).find(R"("runtime":"1m30s")"), std::string::npos);
}

TEST(UnschedulablePatch, IsWrittenOnceForOneMessage) {
  Pod pod;
  pod.meta.resource_version = "7";
  EXPECT_EQ(PodUnschedulablePatch(pod, "no room", kNoon),
            R"({"metadata":{"resourceVersion":"7"},"status":{"conditions":[{)"
            R"("lastTransitionTime":"2024-01-01T12:00:00Z","message":"no room",)"
            R"("reason":"Unschedulable","status":"False","type":"PodScheduled"}]}})");
  pod.scheduled_condition_false = true;
  pod.scheduled_message = "no room";
  pod.scheduled_false_since = kNoon;
  EXPECT_EQ(PodUnschedulablePatch(pod, "no room", {kNoon.unix_ms + 1'000}), "");
  EXPECT_NE(PodUnschedulablePatch(pod, "less", {kNoon.unix_ms + 1'000}).find("12:00:00Z"),
            std::string::npos);
}

TEST(RenderObjects, AServiceIsHeadlessAndShowsPodsThatAreNotReady) {
  Job job;
  job.meta.name = "train";
  job.meta.ns = "team";
  job.meta.uid = "u";
  EXPECT_EQ(
      RenderService(job, 1),
      R"({"apiVersion":"v1","kind":"Service","metadata":{"labels":{"scheduler.io/job":"train"},)"
      R"("name":"train","namespace":"team","ownerReferences":[{"apiVersion":"scheduler.io/v1",)"
      R"("blockOwnerDeletion":false,"controller":true,"kind":"Job","name":"train","uid":"u"}]},)"
      R"("spec":{"clusterIP":"None","publishNotReadyAddresses":true,)"
      R"("selector":{"scheduler.io/job":"train"}}})");
}

// The Service of a job of which an earlier attempt may still run.
struct ReplacedService : ::testing::Test {
  ReplacedService() {
    job.meta.name = "train";
    job.spec.pod_replacement_policy = "TerminatingOrFailed";
  }
  // As the API server gives it back.
  std::string Read(std::int32_t attempt) const {
    std::string text = RenderService(job, attempt);
    return text.replace(text.find(R"("labels")"), 0, R"("resourceVersion":"7",)");
  }
  Job job;
};

TEST_F(ReplacedService, ItHasTheAddressesOfOneAttempt) {
  EXPECT_NE(RenderService(job, 2).find(
                R"("selector":{"scheduler.io/attempt":"2","scheduler.io/job":"train"})"),
            std::string::npos);
  EXPECT_EQ(ServicePatch(job, 2, Read(2)), "");
  EXPECT_EQ(ServicePatch(job, 3, Read(2)), R"({"metadata":{"resourceVersion":"7"},)"
                                           R"("spec":{"selector":{"scheduler.io/attempt":"3"}}})");
}

TEST_F(ReplacedService, ItFollowsThePolicyOfTheJob) {
  const std::string one = Read(1);
  job.spec.pod_replacement_policy = "Failed";
  EXPECT_NE(ServicePatch(job, 1, one).find(R"("scheduler.io/attempt":null)"), std::string::npos);
  EXPECT_EQ(ServicePatch(job, 2, Read(1)), "");
}

TEST(RenderObjects, EventsHaveNamesOfTheirOwnAndShortMessages) {
  Meta meta;
  meta.name = "team-a";
  const EventText text{"Warning", "Preempted", std::string(5'000, 'x')};
  const std::string one = RenderEvent("Tenant", "scheduler.io/v1", meta, text, kNoon);
  EXPECT_NE(one, RenderEvent("Tenant", "scheduler.io/v1", meta, text, kNoon));
  EXPECT_LT(one.size(), 1'600U);
  EXPECT_NE(one.find(R"("namespace":"default")"), std::string::npos);
}

TEST(RenderObjects, BindingsAndDeletesCarryTheirPreconditions) {
  Pod pod;
  pod.meta.name = "p";
  pod.meta.ns = "a";
  pod.meta.uid = "u";
  pod.meta.resource_version = "5";
  EXPECT_EQ(RenderBinding(pod, "n1", 3),
            R"({"apiVersion":"v1","kind":"Binding","metadata":{)"
            R"("annotations":{"scheduler.io/epoch":"3"},"labels":{"scheduler.io/fenced":"true"},)"
            R"("name":"p","namespace":"a","resourceVersion":"5","uid":"u"},)"
            R"("target":{"apiVersion":"v1","kind":"Node","name":"n1"}})");
  EXPECT_EQ(RenderDelete("u", -1),
            R"({"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u"}})");
  EXPECT_EQ(RenderDelete("u", 0),
            R"({"apiVersion":"v1","gracePeriodSeconds":0,"kind":"DeleteOptions",)"
            R"("preconditions":{"uid":"u"}})");
}

}  // namespace
}  // namespace muster::api
