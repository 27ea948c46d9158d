#include <gtest/gtest.h>

#include "controllers/conditions.h"
#include "controllers/workflow/graph.h"
#include "controllers/workflow/plan.h"

namespace muster::op {
namespace {

api::WorkflowTask Task(const std::string& name, std::vector<std::string> dependencies = {}) {
  return {name, std::move(dependencies), R"({"image":"busybox"})"};
}

// Builds a Workflow and what is known of its Jobs; tasks without a Job have none.
class WorkflowPlan : public ::testing::Test {
 protected:
  WorkflowPlan() {
    workflow_.meta.ns = "team";
    workflow_.meta.name = "flow";
    workflow_.meta.uid = "u1";
    workflow_.meta.resource_version = "7";
    workflow_.meta.generation = 1;
    facts_.boot_ms = 100'000;
    facts_.now = {1'700'000'000'000};
    facts_.epoch = 3;
  }
  void Tasks(std::vector<api::WorkflowTask> tasks) {
    workflow_.tasks = std::move(tasks);
    facts_.jobs.assign(workflow_.tasks.size(), {});
    ledger_.complaint = WhyNotWorkflow(workflow_);
  }
  void Job(std::size_t task, const std::string& phase, const std::string& message = "") {
    facts_.jobs[task] = {true, true, "", phase, "", message};
  }
  WorkflowActions Plan() { return PlanWorkflow(workflow_, ledger_, facts_); }
  // The phases that a status would tell, "a=Running b=Waiting".
  static std::string Phases(const WorkflowActions& actions) {
    std::string text;
    if (!actions.status) return "no status";
    for (const auto& task : actions.status->tasks) {
      text += (text.empty() ? "" : " ") + task.name + "=" + task.phase;
    }
    return text;
  }

  api::Workflow workflow_;
  WorkflowLedger ledger_;
  WorkflowFacts facts_;
};

using Indexes = std::vector<std::size_t>;

TEST_F(WorkflowPlan, TasksWithoutDependenciesStartAtOnce) {
  Tasks({Task("a"), Task("b", {"a"}), Task("c")});
  EXPECT_EQ(Plan().creates, (Indexes{0, 2}));
}

TEST_F(WorkflowPlan, TaskStartsWhenAllItsDependenciesSucceeded) {
  Tasks({Task("a"), Task("b"), Task("c", {"a", "b"})});
  Job(0, "Succeeded");
  Job(1, "Running");
  EXPECT_EQ(Plan().creates, Indexes{});
  Job(1, "Succeeded");
  EXPECT_EQ(Plan().creates, (Indexes{2}));
}

TEST_F(WorkflowPlan, CreateInFlightIsNotRepeated) {
  Tasks({Task("a")});
  ledger_.creates["a"] = facts_.boot_ms;
  const WorkflowActions actions = Plan();
  EXPECT_TRUE(actions.creates.empty());
  EXPECT_FALSE(actions.status);  // the Job will say more in a moment
}

TEST_F(WorkflowPlan, DependentsOfAFailedTaskAreSkippedAndOthersGoOn) {
  Tasks({Task("a"), Task("b", {"a"}), Task("c", {"b"}), Task("d")});
  Job(0, "Failed", "exit code 3");
  Job(3, "Running");
  const WorkflowActions actions = Plan();
  EXPECT_EQ(Phases(actions), "a=Failed b=Skipped c=Skipped d=Running");
  EXPECT_EQ(actions.status->phase, "Running");
  EXPECT_EQ(actions.status->message, "task a failed: exit code 3");
}

TEST_F(WorkflowPlan, FailsWhenNothingRunsAnyMore) {
  Tasks({Task("a"), Task("b", {"a"}), Task("d")});
  Job(0, "Cancelled");
  Job(2, "Succeeded");
  const WorkflowActions actions = Plan();
  EXPECT_EQ(actions.status->phase, "Failed");
  EXPECT_EQ(actions.status->done, "1/3");
  EXPECT_EQ(actions.status->completion_time, facts_.now);
  EXPECT_EQ(FindCondition(actions.status->conditions, "Failed")->message, "task a was cancelled");
}

TEST_F(WorkflowPlan, SucceedsWhenEveryTaskDid) {
  Tasks({Task("a"), Task("b", {"a"})});
  Job(0, "Succeeded");
  Job(1, "Succeeded");
  const WorkflowActions actions = Plan();
  EXPECT_EQ(actions.status->phase, "Succeeded");
  EXPECT_EQ(FindCondition(actions.status->conditions, "Complete")->status, "True");
  ASSERT_EQ(actions.events.size(), 1u);
  EXPECT_EQ(actions.events[0].reason, "Completed");
}

TEST_F(WorkflowPlan, TheFirstTaskThatWaitsIsNamedWithItsReason) {
  Tasks({Task("a"), Task("b")});
  Job(0, "Running");
  Job(1, "Reserved");
  facts_.jobs[1].reason = "WaitingForPreemptedWorkloads";
  EXPECT_EQ(Plan().status->message, "task b waits: WaitingForPreemptedWorkloads");
}

TEST_F(WorkflowPlan, EndedWorkflowIsLeftAlone) {
  Tasks({Task("a")});
  workflow_.status.phase = "Succeeded";
  const WorkflowActions actions = Plan();
  EXPECT_TRUE(actions.creates.empty());
  EXPECT_FALSE(actions.status);
}

TEST_F(WorkflowPlan, ResultOutlivesItsJob) {
  Tasks({Task("a"), Task("b", {"a"})});
  workflow_.status.tasks = {{"a", "Succeeded"}, {"b", "Waiting"}};
  EXPECT_EQ(Plan().creates, (Indexes{1}));
}

TEST_F(WorkflowPlan, JobDeletedBeforeItsEndIsAFailure) {
  Tasks({Task("a"), Task("b", {"a"})});
  workflow_.status.tasks = {{"a", "Running"}, {"b", "Waiting"}};
  workflow_.status.observed_generation = 1;
  const WorkflowActions actions = Plan();
  EXPECT_TRUE(actions.creates.empty());
  EXPECT_EQ(Phases(actions), "a=Failed b=Skipped");
  EXPECT_EQ(actions.status->message, "task a: its Job was deleted before it ended");
}

TEST_F(WorkflowPlan, CycleIsNamedInFullAndNothingStarts) {
  Tasks({Task("ok"), Task("a", {"c"}), Task("b", {"a"}), Task("c", {"b"})});
  const WorkflowActions actions = Plan();
  EXPECT_TRUE(actions.creates.empty());
  ASSERT_TRUE(actions.status);
  const api::Condition* bad = FindCondition(actions.status->conditions, "Misconfigured");
  EXPECT_EQ(bad->status, "True");
  EXPECT_EQ(bad->message,
            "spec.tasks[1].dependencies: tasks wait for each other in a circle: a -> c -> b -> a; "
            "remove one of these dependencies");
  EXPECT_EQ(actions.status->phase, "Pending");
}

TEST_F(WorkflowPlan, UnknownDependencyIsNamedWithItsPath) {
  Tasks({Task("a"), Task("b", {"a", "x"})});
  EXPECT_EQ(ledger_.complaint, "spec.tasks[1].dependencies[1]: no task is called x");
}

TEST_F(WorkflowPlan, NameTooLongForPodsIsMisconfigured) {
  workflow_.meta.name = std::string(30, 'w');
  Tasks({Task(std::string(30, 't'))});
  EXPECT_EQ(ledger_.complaint.find("spec.tasks[0].name: pod hostname "), 0u);
}

TEST_F(WorkflowPlan, NameHeldByAnotherIsMisconfiguredBeforeAnythingStarts) {
  Tasks({Task("a"), Task("b", {"a"})});
  facts_.jobs[1] = {true, false, "a Job that no Workflow owns", "Running", "", ""};
  const WorkflowActions actions = Plan();
  EXPECT_TRUE(actions.creates.empty());
  EXPECT_EQ(actions.status->message,
            "spec.tasks[1].name: the Job name flow-b is held by a Job that no Workflow owns");
}

TEST_F(WorkflowPlan, RefusedJobIsToldAndTriedAgainLater) {
  Tasks({Task("a")});
  ledger_.refused["a"] = {"spec.image: must not be empty", facts_.boot_ms + 5'000, true};
  WorkflowActions actions = Plan();
  EXPECT_TRUE(actions.creates.empty());
  EXPECT_EQ(actions.status->message, "task a: spec.image: must not be empty");
  EXPECT_EQ(actions.wake_in_ms, 5'000);
  facts_.boot_ms += 5'000;
  EXPECT_EQ(Plan().creates, (Indexes{0}));
}

TEST_F(WorkflowPlan, ProgressIsWrittenAtMostOnceASecond) {
  Tasks({Task("a"), Task("b")});
  Job(0, "Running");
  Job(1, "Pending");
  workflow_.status = *Plan().status;
  ledger_.status_ms = facts_.boot_ms - 400;
  Job(1, "Running");
  EXPECT_EQ(Plan().wake_in_ms, 600);
  EXPECT_FALSE(Plan().status);
  facts_.boot_ms += 600;
  EXPECT_EQ(Phases(Plan()), "a=Running b=Running");
}

TEST_F(WorkflowPlan, NothingIsWrittenWhenNothingChanged) {
  Tasks({Task("a")});
  Job(0, "Running");
  workflow_.status = *Plan().status;
  facts_.now.unix_ms += 60'000;
  facts_.epoch = 4;  // a new leader alone is no news
  EXPECT_FALSE(Plan().status);
}

TEST_F(WorkflowPlan, WhatWasWrittenIsAwaited) {
  Tasks({Task("a")});
  Job(0, "Running");
  ledger_.written_from = workflow_.meta.resource_version;
  EXPECT_FALSE(Plan().status);
}

}  // namespace
}  // namespace muster::op
