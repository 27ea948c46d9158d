#include "controllers/conditions.h"
#include "controllers/workflow/reconciler.h"
#include "muster/api/codec.h"
#include "operator/cluster_fixture.h"

namespace muster::op {
namespace {

constexpr char kFlow[] = "/apis/scheduler.io/v1/namespaces/t/workflows/flow";
constexpr char kJobs[] = "/apis/scheduler.io/v1/namespaces/t/jobs/";
constexpr char kTwo[] =
    R"({"tasks":[{"name":"a","image":"i"},{"name":"b","image":"i","dependencies":["a"]}]})";

class WorkflowControllerTest : public testing::ClusterFixture {
 protected:
  void Settle() {
    on_wake_ = [this](const std::string& key) { state_.MarkWorkflow(key); };
    ClusterFixture::Settle([this](const state::Dirty& dirty) {
      for (const std::string& key : dirty.workflows) controller_->Reconcile(key);
    });
  }
  void PutFlow(const std::string& spec) { PutOurs("namespaces/t/workflows/flow", spec); }
  // A Job of ours comes to this phase.
  void End(const std::string& job, const std::string& phase) {
    std::string json = *api_.Get(kJobs + job);
    // Of two members of one name the last would count: the phase before goes.
    if (const auto old = json.find(R"("status":{"phase":)"); old != std::string::npos) {
      json.erase(old, json.find('}', old) - old + 1);
      json.erase(json.rfind(',', old), 1);
    }
    json.insert(1, R"("status":{"phase":")" + phase + R"("},)");
    Put(kJobs + job, json);
  }
  api::WorkflowStatus Status() { return Read<api::Workflow>(kFlow).status; }
  void NewLeader() {
    controller_ = std::make_unique<WorkflowController>(state_, actuator_, Wake());
    state_.MarkAllJobs();
  }

  std::unique_ptr<WorkflowController> controller_ =
      std::make_unique<WorkflowController>(state_, actuator_, Wake());
};

TEST_F(WorkflowControllerTest, RunsTasksInTheirOrder) {
  PutFlow(kTwo);
  Settle();
  ASSERT_TRUE(Exists(std::string(kJobs) + "flow-a"));
  EXPECT_FALSE(Exists(std::string(kJobs) + "flow-b"));
  EXPECT_EQ(Status().phase, "Running");
  End("flow-a", "Succeeded");
  clock_.Advance(1'000);
  Settle();
  ASSERT_TRUE(Exists(std::string(kJobs) + "flow-b"));
  End("flow-b", "Succeeded");
  Settle();
  EXPECT_EQ(Status().phase, "Succeeded");
  EXPECT_EQ(Status().done, "2/2");
}

TEST_F(WorkflowControllerTest, WhatTheWatchShowsBeforeTheAnswerOfAWriteIsNotForgotten) {
  PutFlow(kTwo);
  Settle();
  const auto look = [this] {
    Sync();
    for (const std::string& key : state_.TakeDirty().workflows) controller_->Reconcile(key);
  };
  End("flow-a", "Running");
  clock_.Advance(1'000);
  look();  // writes the status
  api_.Drain();
  End("flow-a", "Succeeded");
  look();  // the answer is still on its way
  Settle();
  Settle();
  EXPECT_TRUE(Exists(std::string(kJobs) + "flow-b"));
}

TEST_F(WorkflowControllerTest, JobBelongsToItsWorkflow) {
  PutFlow(kTwo);
  Settle();
  const api::Job job = Read<api::Job>(std::string(kJobs) + "flow-a");
  EXPECT_EQ(job.meta.labels.at("scheduler.io/workflow"), "flow");
  ASSERT_EQ(job.meta.owners.size(), 1u);
  EXPECT_EQ(job.meta.owners[0].uid, Read<api::Workflow>(kFlow).meta.uid);
  EXPECT_TRUE(job.meta.owners[0].controller);
  EXPECT_EQ(job.invalid, "");
}

TEST_F(WorkflowControllerTest, LostAnswerAndNewLeaderRepeatNothing) {
  PutFlow(kTwo);
  api_.Inject(
      {.method = "POST", .path = "*/jobs", .kind = muster::testing::FaultKind::kLostResponse});
  Settle();
  NewLeader();
  clock_.Advance(2'000);
  Settle();
  EXPECT_EQ(Writes("*/jobs").size(), 1u);
  EXPECT_EQ(Status().tasks.at(0).phase, "Pending");
}

TEST_F(WorkflowControllerTest, CycleIsAnsweredAtOnceAndCreatesNothing) {
  PutFlow(R"({"tasks":[{"name":"a","image":"i","dependencies":["b"]},
                       {"name":"b","image":"i","dependencies":["a"]}]})");
  Settle();
  EXPECT_TRUE(Writes("*/jobs").empty());
  EXPECT_EQ(FindCondition(Status().conditions, "Misconfigured")->status, "True");
}

TEST_F(WorkflowControllerTest, WhatCannotBeHandledIsToldUntilItCan) {
  PutFlow(kTwo);
  Sync();
  controller_->Poisoned("t/flow", "out of range");
  Answers();
  const api::WorkflowStatus told = Status();
  EXPECT_EQ(told.message, "cannot be handled: out of range");
  EXPECT_EQ(FindCondition(told.conditions, "Misconfigured")->reason, "CannotBeHandled");
  Settle();
  EXPECT_EQ(FindCondition(Status().conditions, "Misconfigured")->status, "False");
  EXPECT_EQ(Status().tasks.size(), 2u);
}

TEST_F(WorkflowControllerTest, NameHeldByAnotherIsNamedAndTakenWhenItIsFree) {
  Put(std::string(kJobs) + "flow-a", R"({"spec":{"image":"i"}})");
  PutFlow(kTwo);
  Settle();
  EXPECT_NE(Status().message.find("flow-a is held by a Job that no Workflow owns"),
            std::string::npos);
  RemoveObject(std::string(kJobs) + "flow-a");
  clock_.Advance(5'000);
  Settle();
  EXPECT_EQ(Read<api::Job>(std::string(kJobs) + "flow-a").meta.owners.size(), 1u);
  EXPECT_EQ(FindCondition(Status().conditions, "Misconfigured")->status, "False");
}

TEST_F(WorkflowControllerTest, RefusedJobIsMisconfiguredInTheServersWords) {
  PutFlow(kTwo);
  api_.Inject({.method = "POST",
               .path = "*/jobs",
               .status = 422,
               .reason = "Invalid",
               .message = "spec.image: too long",
               .times = 100});
  Settle();
  EXPECT_EQ(Status().message, "task a: spec.image: too long");
  api_.ClearFaults();
  clock_.Advance(60'000);
  Settle();
  clock_.Advance(1'000);
  Settle();
  EXPECT_EQ(Status().phase, "Running");
  EXPECT_EQ(FindCondition(Status().conditions, "Misconfigured")->status, "False");
}

TEST_F(WorkflowControllerTest, BatchOfTasksIsOneStatusWrite) {
  std::string tasks;
  for (int i = 0; i < 20; ++i) {
    tasks += (i == 0 ? "" : ",") + std::string(R"({"name":"t)") + std::to_string(i) +
             R"(","image":"i"})";
  }
  PutFlow(R"({"tasks":[)" + tasks + "]}");
  Settle();
  EXPECT_EQ(Writes("*/jobs").size(), 20u);
  EXPECT_EQ(Writes("*/workflows/flow/status").size(), 1u);
}

}  // namespace
}  // namespace muster::op
