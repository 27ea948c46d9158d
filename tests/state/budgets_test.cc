#include "muster/state/budgets.h"

#include <gtest/gtest.h>

#include "muster/api/codec.h"
#include "muster/base/clock.h"

namespace muster::state {
namespace {

api::PodDisruptionBudget BudgetOf(const std::string& spec, int allowed = 0,
                                  const std::string& ns = "a") {
  return api::Decode<api::PodDisruptionBudget>(
      R"({"metadata":{"namespace":")" + ns + R"(","name":"b"},"spec":)" + spec +
      R"(,"status":{"disruptionsAllowed":)" + std::to_string(allowed) + "}}");
}

bool Selects(const std::string& selector, const api::Labels& labels) {
  return Covers(BudgetOf(R"({"selector":)" + selector + "}"), labels);
}

std::string Expression(const std::string& op, const std::string& values = "[]") {
  return R"({"matchExpressions":[{"key":"k","operator":")" + op + R"(","values":)" + values + "}]}";
}

TEST(BudgetSelector, WithoutOneSelectsNothingAndAnEmptyOneAll) {
  EXPECT_FALSE(Covers(BudgetOf("{}"), {{"k", "v"}}));
  EXPECT_FALSE(Selects("null", {{"k", "v"}}));
  EXPECT_TRUE(Selects("{}", {{"k", "v"}}));
  EXPECT_TRUE(Selects("{}", {}));
}

TEST(BudgetSelector, AllOfItMustHold) {
  const std::string both =
      R"({"matchLabels":{"k":"v"},"matchExpressions":[{"key":"m","operator":"Exists"}]})";
  EXPECT_TRUE(Selects(both, {{"k", "v"}, {"m", ""}}));
  EXPECT_FALSE(Selects(both, {{"k", "v"}}));
  EXPECT_FALSE(Selects(both, {{"k", "w"}, {"m", ""}}));
}

TEST(BudgetSelector, OperatorsMeanWhatTheyDoInKubernetes) {
  const api::Labels v = {{"k", "v"}};
  EXPECT_TRUE(Selects(Expression("In", R"(["u","v"])"), v));
  EXPECT_FALSE(Selects(Expression("In", R"(["u"])"), v));
  EXPECT_FALSE(Selects(Expression("In", R"(["v"])"), {}));
  EXPECT_FALSE(Selects(Expression("NotIn", R"(["v"])"), v));
  EXPECT_TRUE(Selects(Expression("NotIn", R"(["u"])"), v));
  EXPECT_TRUE(Selects(Expression("NotIn", R"(["v"])"), {}));  // the label need not be there
  EXPECT_TRUE(Selects(Expression("Exists"), v));
  EXPECT_FALSE(Selects(Expression("Exists"), {}));
  EXPECT_FALSE(Selects(Expression("DoesNotExist"), v));
  EXPECT_TRUE(Selects(Expression("DoesNotExist"), {}));
}

TEST(BudgetSelector, WhatCannotBeReadSelectsNothing) {
  const api::PodDisruptionBudget wrong = BudgetOf(R"({"selector":{"matchLabels":{"k":1}}})");
  EXPECT_EQ(wrong.invalid, "spec.selector.matchLabels.k must be a string");
  EXPECT_FALSE(Covers(wrong, {{"k", "v"}}));
  EXPECT_FALSE(Selects(Expression("Gt", R"(["1"])"), {{"k", "2"}}));
}

// Namespace a: job j of two pods on a node and one that waits, and a foreign pod; b: job j alone.
class BudgetsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string ns : {"a", "b"}) {
      state_.Upsert(api::Decode<api::Job>(
          R"({"metadata":{"namespace":")" + ns + R"(","name":"j","uid":"u)" + ns +
          R"(","generation":1,"resourceVersion":"1"},)" +
          R"("spec":{"tasks":[{"name":"main","replicas":3,"template":{"spec":{}}}]},)" +
          R"("status":{"attempt":1,"placement":{"attempt":1,"state":"Committed",)" +
          R"("assignments":[{"node":"n","task":"main","indexes":"0-2"}]}}})"));
      for (int i = 0; i < 3; ++i) PutPod(ns, i, i == 2 ? "" : "n");
    }
    state_.Upsert(api::Decode<api::Pod>(
        R"({"metadata":{"namespace":"a","name":"f","uid":"f"},"spec":{"schedulerName":"muster"}})"));
    Forget();
  }
  void PutPod(const std::string& ns, int index, const std::string& node,
              const std::string& more = "") {
    const std::string i = std::to_string(index);
    state_.Upsert(api::Decode<api::Pod>(
        R"({"metadata":{"namespace":")" + ns + R"(","name":"j-)" + i + R"(","uid":")" + ns + i +
        R"(",)" + more + R"("labels":{"scheduler.io/fenced":"","scheduler.io/attempt":"1",)" +
        R"("scheduler.io/task":"main","scheduler.io/index":")" + i + R"("},"ownerReferences":)" +
        R"([{"kind":"Job","apiVersion":"scheduler.io/v1","uid":"u)" + ns +
        R"(","controller":true}]},"spec":{"nodeName":")" + node + R"("}})"));
  }
  void Forget() { state_.TakeDirty(); }
  std::vector<sched::BudgetShare> Shares() {
    state_.FoldJob(*state_.FindJob("a/j"), false);
    return state_.world().FindGang("ua")->budgets;
  }

  ClusterState state_{{}, base::SystemClock()};
};

constexpr char kAll[] = R"({"selector":{}})";

TEST_F(BudgetsTest, CountPodsOnNodesThatAreNotGoing) {
  state_.Upsert(BudgetOf(kAll));
  EXPECT_EQ(Shares(), (std::vector<sched::BudgetShare>{{"a/b", 2}}));
  PutPod("a", 1, "n", R"("deletionTimestamp":"2024-01-01T12:00:00Z",)");
  EXPECT_EQ(Shares(), (std::vector<sched::BudgetShare>{{"a/b", 1}}));
  PutPod("a", 2, "n");
  EXPECT_EQ(Shares(), (std::vector<sched::BudgetShare>{{"a/b", 2}}));
}

TEST_F(BudgetsTest, OtherNamespacesAndSelectorsCoverNothing) {
  state_.Upsert(BudgetOf(kAll, 0, "b"));
  state_.Upsert(BudgetOf(R"({"selector":{"matchLabels":{"k":"v"}}})"));
  EXPECT_TRUE(Shares().empty());
}

TEST_F(BudgetsTest, AnotherSelectorTouchesTheGangsOfItsNamespaceAlone) {
  state_.Upsert(BudgetOf(kAll));
  Dirty dirty = state_.TakeDirty();
  EXPECT_EQ(dirty.jobs, std::set<std::string>{"a/j"});
  EXPECT_EQ(dirty.groups, std::set<std::string>{"a/pod:f"});
  state_.Remove(BudgetOf(kAll));
  dirty = state_.TakeDirty();
  EXPECT_EQ(dirty.jobs, std::set<std::string>{"a/j"});
  EXPECT_TRUE(Shares().empty());
}

TEST_F(BudgetsTest, AnotherStatusTouchesNoGang) {
  state_.Upsert(BudgetOf(kAll, 0));
  Forget();
  const std::uint64_t generation = state_.world().generation();
  state_.Upsert(BudgetOf(kAll, 1));
  EXPECT_GT(state_.world().generation(), generation);
  const Dirty dirty = state_.TakeDirty();
  EXPECT_TRUE(dirty.jobs.empty());
  EXPECT_TRUE(dirty.groups.empty());
}

TEST_F(BudgetsTest, AListReplacesWhatWasThere) {
  state_.Upsert(BudgetOf(kAll));
  state_.Replace(std::vector<api::PodDisruptionBudget>{});
  EXPECT_TRUE(state_.budgets().empty());
  EXPECT_TRUE(Shares().empty());
}

}  // namespace
}  // namespace muster::state
