// What the status tells over several attempts and edits: waiting, grace, deadlines, conditions.
#include <gtest/gtest.h>

#include "controllers/job/plan.h"
#include "controllers/job/status.h"
#include "controllers/job/steps.h"
#include "muster/base/time_text.h"
#include "testing/job_builder.h"

namespace muster::op {
namespace {

using api::PlacementState;
using api::PodPhase;
using api::ReleaseCause;
using testing::JobBuilder;

std::string ConditionOf(const api::JobStatus& status, const char* type) {
  const api::Condition* found = FindCondition(status.conditions, type);
  return found == nullptr ? "" : found->status + " " + found->reason;
}

TEST(JobStory, WaitingAddsUpOverTheAttempts) {
  JobBuilder job;
  job.Task("main", 2);
  job.status().attempt = 1;
  job.status().waited_seconds = 100;
  job.At(1'000);
  job.status().pending_since = job.facts.now;
  job.At(1'050);
  const JobActions actions = job.Decided("a", "0-1").Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->waited_seconds, 150);
}

TEST(JobStory, ASuspensionKeepsTheWaitBeforeItAndIsNoneItself) {
  JobBuilder job;
  job.Task("main", 2).status().phase = "Pending";
  job.status().reason = "GangIncomplete";
  job.status().waited_seconds = 100;
  job.status().pending_since = job.facts.now;
  job.spec().suspend = true;
  job.status() = *job.At(7'200).Plan().status;
  EXPECT_EQ(job.status().waited_seconds, 7'300);
  EXPECT_FALSE(job.At(8'000).Plan().status);
  job.spec().suspend = false;
  job.status() = *job.At(50'000).Plan().status;
  EXPECT_EQ(job.status().pending_since, job.facts.now);
  EXPECT_EQ(job.At(50'050).Decided("a", "0-1").Plan().status->waited_seconds, 7'350);
}

TEST(JobStory, AJobThatStartsBeforeItsResumptionIsWrittenDidNotWaitMeanwhile) {
  JobBuilder job;
  job.Task("main", 2).status().phase = "Suspended";
  job.status().waited_seconds = 100;
  job.status().pending_since = job.facts.now;
  EXPECT_EQ(job.At(50'000).Decided("a", "0-1").Plan().status->waited_seconds, 100);
}

TEST(JobStory, AMissedDeadlineIsToldOfASuspendedJobToo) {
  JobBuilder job;
  job.Task("main", 1).status().phase = "Suspended";
  job.spec().suspend = true;
  job.spec().deadline = {job.facts.now.unix_ms + 5'000};
  EXPECT_EQ(job.At(4).Plan().wake_in_ms, 1'000);
  const JobActions actions = job.At(5).Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(ConditionOf(*actions.status, "DeadlineMissed"), "True DeadlineMissed");
  EXPECT_EQ(actions.status->phase, "Suspended");
}

TEST(JobStory, TheTenantCapsTheGraceOfATemplateWhateverTheReleaseIsFor) {
  for (const ReleaseCause cause :
       {ReleaseCause::kReclaimed, ReleaseCause::kSuspended, ReleaseCause::kFailed}) {
    JobBuilder job;
    job.Task("main", 1).Placed("a", "0", PlacementState::kReleasing).Pod(0, PodPhase::kRunning);
    job.entry.placement->cause = cause;
    job.pod(0).grace_seconds = 86'400;
    job.tenant.spec.preemption.max_grace_period_seconds = 300;
    ASSERT_EQ(job.Plan().deletes.size(), 1u);
    EXPECT_EQ(job.Plan().deletes[0].grace_seconds, 300);
    job.pod(0).grace_seconds = 60;
    EXPECT_EQ(job.Plan().deletes[0].grace_seconds, -1);
  }
}

TEST(JobStory, TheTenantCapsTheGraceOfPodsOfAnEarlierAttempt) {
  JobBuilder job;
  job.status().attempt = 1;
  job.Task("main", 1).Pod(0, PodPhase::kRunning).pod(0).grace_seconds = 86'400;
  ASSERT_EQ(job.Plan().deletes.size(), 1u);
  EXPECT_EQ(job.Plan().deletes[0].grace_seconds, 600);
}

TEST(JobStory, TheJobsOwnGraceIsForEvictionsAlone) {
  JobBuilder job;
  job.Task("main", 1).Placed("a", "0", PlacementState::kReleasing).Pod(0, PodPhase::kRunning);
  job.spec().preemption.grace_period_seconds = 90;
  job.entry.placement->cause = ReleaseCause::kSuspended;
  EXPECT_EQ(job.Plan().deletes[0].grace_seconds, -1);
  job.entry.placement->cause = ReleaseCause::kPreempted;
  EXPECT_EQ(job.Plan().deletes[0].grace_seconds, 90);
}

TEST(JobStory, NoPodIsTakenAwayBeforeItsContainersHaveEnded) {
  JobBuilder job;
  job.Task("main", 1).Placed("a", "0", PlacementState::kReleasing).Pod(0, PodPhase::kRunning);
  job.entry.placement->cause = ReleaseCause::kReclaimed;
  job.spec().preemption.grace_period_seconds = 0;
  EXPECT_EQ(job.Plan().deletes[0].grace_seconds, 1);
  job.spec().preemption.grace_period_seconds = -1;
  job.pod(0).grace_seconds = 0;
  EXPECT_EQ(job.Plan().deletes[0].grace_seconds, 1);
}

TEST(JobStory, TheActiveDeadlineCountsForPodsThatNeverBecomeReady) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1").Pod(0, PodPhase::kPending).Pod(1, PodPhase::kPending);
  job.spec().active_deadline_seconds = 60;
  job.spec().gang_timeout_seconds = 3'600;
  EXPECT_FALSE(job.At(50).Plan().status);
  const JobActions late = job.At(70).Plan();
  ASSERT_TRUE(late.status);
  EXPECT_EQ(late.status->placement->cause, ReleaseCause::kDeadline);
}

TEST(JobStory, ASuspensionStopsTheActiveDeadlineAndItBeginsAnewAfterIt) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1", PlacementState::kReleasing);
  job.entry.placement->cause = ReleaseCause::kSuspended;
  job.spec().active_deadline_seconds = 3'600;
  job.spec().suspend = true;
  job.status().start_time = job.facts.now;
  const JobActions suspended = job.At(600).Plan();
  ASSERT_TRUE(suspended.status);
  EXPECT_EQ(suspended.status->phase, "Suspended");
  job.status() = *suspended.status;
  job.entry.placement.reset();
  RefreshSlots(job.entry);
  job.spec().suspend = false;
  const JobActions resumed = job.At(50'000).Plan();
  EXPECT_EQ(resumed.status->phase, "Pending");
  EXPECT_TRUE(resumed.eligible);
}

TEST(JobStory, AJobThatIsSuspendedWhileItWaitsForARetryBeginsAnewToo) {
  JobBuilder job;
  job.Task("main", 1).status().phase = "Pending";
  job.status().start_time = job.facts.now;
  job.spec().suspend = true;
  EXPECT_EQ(job.At(600).Plan().status->start_time.unix_ms, 0);
}

TEST(JobStory, StartTimeIsTheFirstPodsStart) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1");
  job.Pod(0, PodPhase::kRunning, true).Pod(1, PodPhase::kRunning, true).At(100);
  job.pod(0).started = {job.facts.now.unix_ms - 30'000};
  job.pod(1).started = {job.facts.now.unix_ms - 20'000};
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->start_time.unix_ms, job.facts.now.unix_ms - 30'000);
}

TEST(JobStory, TheActiveDeadlineOutlivesAttemptsThatNeverBecameReady) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1");
  job.Pod(0, PodPhase::kFailed, false, 1).Pod(1, PodPhase::kFailed, false, 1).At(40);
  job.pod(0).started = {job.facts.now.unix_ms - 30'000};
  job.spec().retry.max_retries = 3;
  const JobActions ended = job.Plan();
  ASSERT_TRUE(ended.status);
  EXPECT_FALSE(ended.status->placement);
  EXPECT_EQ(ended.status->start_time.unix_ms, job.facts.now.unix_ms - 30'000);
}

TEST(JobStory, AnAttemptThatEndsBeforeItsFirstWordHasWaitedToo) {
  JobBuilder job;
  job.Task("main", 1).At(90);
  job.Decided("a", "0").Pod(0, PodPhase::kFailed, false, 1);
  job.spec().retry.max_retries = 3;
  const JobActions ended = job.Plan();
  ASSERT_TRUE(ended.status);
  EXPECT_EQ(ended.status->waited_seconds, 90);
}

TEST(JobStory, AnEditIsNotAcknowledgedWhileThePlacementIsOnlyImplied) {
  JobBuilder job;
  job.Task("main", 1).Decided("a", "0").Pod(0, PodPhase::kPending);
  job.status().observed_generation = 1;
  job.entry.job.meta.generation = 2;
  EXPECT_FALSE(job.Plan().status);
}

TEST(JobStory, QuotaOfThePodStaysTheReasonDuringItsBackOff) {
  JobBuilder job;
  job.Task("main", 1);
  job.status().phase = "Pending";
  job.status().reason = "WaitingForQuota";
  job.status().message = "exceeded quota: q";
  job.status().not_before = {job.facts.now.unix_ms + 5'000};
  EXPECT_FALSE(job.Plan().status);
}

TEST(JobStory, ADeadlineThatMovesIsMissedNoMore) {
  JobBuilder job;
  job.Task("main", 1).At(100);
  job.spec().deadline = {job.facts.now.unix_ms - 1'000};
  job.status() = *job.Plan().status;
  EXPECT_EQ(ConditionOf(job.status(), "DeadlineMissed"), "True DeadlineMissed");
  EXPECT_FALSE(job.Plan().status);
  job.spec().deadline = {job.facts.now.unix_ms + 60'000};
  const JobActions moved = job.Plan();
  ASSERT_TRUE(moved.status);
  EXPECT_EQ(ConditionOf(*moved.status, "DeadlineMissed"), "False DeadlineMoved");
}

TEST(JobStory, AnEditIsAcknowledgedThoughNothingElseChanges) {
  JobBuilder job;
  job.Task("main", 1).At(100);
  job.entry.job.meta.generation = 3;
  EXPECT_FALSE(job.Plan().status);  // never written before: no write for its own sake
  job.status().observed_generation = 2;
  job.spec().priority_class = "high";
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(actions.status->observed_generation, 3);
  EXPECT_EQ(actions.status->priority, "high");
}

TEST(JobStory, AnEvictionIsPastOnceTheJobStartsAgain) {
  JobBuilder job;
  job.Task("main", 2);
  job.status().attempt = 1;
  SetCondition(job.status(), {"Preempted", true, "Reclaimed", "for b"}, job.facts);
  const JobActions actions = job.Decided("a", "0-1").Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(ConditionOf(*actions.status, "Preempted"), "False Started");
}

TEST(JobStory, PodsReadyTurnsFalseWhenTooFewAreReady) {
  JobBuilder job;
  job.Task("main", 2).Placed("a", "0-1");
  job.Pod(0, PodPhase::kRunning, true).Pod(1, PodPhase::kRunning, true);
  job.status() = *job.Plan().status;
  EXPECT_EQ(ConditionOf(job.status(), "PodsReady"), "True PodsReady");
  job.entry.placement = job.status().placement;
  job.pod(1).ready = false;
  job.entry.counted = job.Plan().counted;
  job.entry.counted_ms = job.facts.boot_ms;
  job.facts.boot_ms += 2'000;
  const JobActions actions = job.Plan();
  ASSERT_TRUE(actions.status);
  EXPECT_EQ(ConditionOf(*actions.status, "PodsReady"), "False TooFewReady");
}

TEST(JobStory, ARefusedTemplateIsAskedAgainInTime) {
  JobBuilder job;
  job.Task("main", 1);
  state::Template& refused = job.made(0);
  refused.state = state::TemplateState::kRefused;
  refused.refusal = "serviceaccount not found";
  refused.retry_at_ms = job.facts.boot_ms + 60'000;
  EXPECT_TRUE(job.Plan().ask_templates.empty());
  job.facts.boot_ms += 60'000;
  EXPECT_EQ(job.Plan().ask_templates.size(), 1u);
}

TEST(JobStory, TheColumnOfTheDeadlineIsInUtcToTheMinute) {
  JobBuilder job;
  job.Task("main", 2).Decided("a", "0-1");
  job.status().deadline = "2029-01-01 00:00";
  job.spec().deadline = *base::ParseTime("2030-01-01T01:30:59+01:00");
  EXPECT_EQ(job.Plan().status->deadline, "2030-01-01 00:30");
}

TEST(JobStory, TheColumnOfGpusCountsTheConfiguredResource) {
  JobBuilder job;
  job.Task("main", 2).Decided("a", "0-1");
  job.made(0).request = {{"amd.com/gpu", 4}, {"nvidia.com/gpu", 1}};
  job.facts.gpu_resource = "amd.com/gpu";
  EXPECT_EQ(job.Plan().status->gpus, 8);
}

}  // namespace
}  // namespace muster::op
