#include <gtest/gtest.h>

#include "muster/api/codec.h"
#include "muster/base/clock.h"
#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

api::Job JobAt(const std::string& name, const std::string& version) {
  return api::Decode<api::Job>(
      R"({"metadata":{"namespace":"a","name":")" + name + R"(","uid":"u-)" + name +
      R"(","generation":1,"resourceVersion":")" + version +
      R"("},"spec":{"tasks":[{"name":"main","replicas":1,"template":{"spec":{"containers":[]}}}]}})");
}

std::vector<api::Job> ThreeAt(const std::string& version) {
  std::vector<api::Job> jobs;
  for (const char* name : {"i", "j", "k"}) jobs.push_back(JobAt(name, version));
  return jobs;
}

TEST(ReplaceTest, WhatOneObjectThrowsCostsTheOthersNothing) {
  ClusterState state({}, base::SystemClock());
  EXPECT_TRUE(state.Replace(ThreeAt("1")).empty());
  state.TakeDirty();
  state.FindJob("a/j")->pods.insert("a/unknown");  // what is looked up and is not there throws
  const std::vector<std::string> troubles = state.Replace(ThreeAt("2"));
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_TRUE(troubles[0].starts_with("a/j: ")) << troubles[0];
  EXPECT_TRUE(state.FindJob("a/j")->job.invalid.starts_with("cannot be handled: "));
  EXPECT_TRUE(state.TakeDirty().jobs.contains("a/j"));  // so that it is told
  EXPECT_EQ(state.FindJob("a/i")->job.meta.resource_version, "2");
  EXPECT_EQ(state.FindJob("a/k")->job.meta.resource_version, "2");
}

}  // namespace
}  // namespace muster::state
