#include "muster/config/reference.h"

#include <gtest/gtest.h>

#include "config/table.h"
#include "muster/config/load.h"
#include "muster/sched/schedule.h"

namespace muster::config {
namespace {

const std::string kSource = MUSTER_SOURCE_DIR;

bool Any(std::string_view) { return true; }
const PluginCheck kAnyPlugin{Any, Any};

TEST(Reference, TheCheckedInPageIsTheGeneratedOne) {
  EXPECT_EQ(*ReadFile(kSource + "/docs/reference/config.md"), ReferenceMarkdown())
      << "build the target config_reference and write its output there";
}

TEST(Reference, TheDefaultPolicyIsTheGoldenFile) {
  EXPECT_EQ(*ReadFile(kSource + "/tests/data/default_policy.yaml"), ToYaml(Settings{}, "policy."))
      << "a change of the default policy changes every cluster: is it meant?";
}

TEST(Reference, TheDefaultPolicyNamesRegisteredPluginsOnly) {
  Invocation invocation;
  invocation.default_identity = "me";
  const auto settings = LoadText(invocation, "");
  EXPECT_TRUE(settings.ok()) << settings.error().message;
}

TEST(Reference, WhatIsPrintedIsReadBackTheSame) {
  Invocation invocation;
  invocation.config_file = "printed.yaml";
  invocation.default_identity = "me";
  for (const char* yaml :
       {"{}",
        "{context: \"a \\\"b\\\" c\", listen: \"[::1]:0\", identity: \"123\", log: {level: warn},"
        " policy: {filters: [resources], scores: {}, aging: {interval: 90s}}}"}) {
    const auto first = LoadText(invocation, yaml, kAnyPlugin);
    ASSERT_TRUE(first.ok()) << first.error().message;
    const std::string printed = ToYaml(*first);
    const auto second = LoadText(invocation, printed, kAnyPlugin);
    ASSERT_TRUE(second.ok()) << second.error().message << "\n" << printed;
    EXPECT_EQ(ToYaml(*second), printed);
    for (const Setting& s : Table()) {
      EXPECT_EQ(ShowField(s.field, *first), ShowField(s.field, *second)) << s.path;
    }
  }
}

// The reader and the writer of a flag's text agree for every setting.
TEST(Reference, EveryDefaultCanBeGivenAsAFlag) {
  Settings defaults;
  defaults.identity = "me";
  Invocation invocation;
  invocation.config_file = "empty";
  for (const Setting& s : Table()) {
    invocation.overrides.push_back(
        {std::string(s.path), ShowField(s.field, defaults), FlagName(s.path)});
  }
  const auto settings = LoadText(invocation, "", kAnyPlugin);
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(ToYaml(*settings), ToYaml(defaults));
}

TEST(Reference, NamesFollowFromThePath) {
  EXPECT_EQ(FlagName("policy.preemption.maxEvictionsPerCycle"),
            "--policy-preemption-max-evictions-per-cycle");
  EXPECT_EQ(VariableName("lease.renewDeadline"), "GPU_SCHEDULER_LEASE_RENEW_DEADLINE");
}

TEST(Reference, HelpNamesEverySetting) {
  const std::string help = HelpText();
  for (const Setting& s : Table()) {
    EXPECT_NE(help.find("  " + FlagName(s.path) + " ("), std::string::npos) << s.path;
  }
}

TEST(Durations, ReadAndWriteWholeUnits) {
  EXPECT_EQ(ParseDuration("1h30m"), 5'400'000);
  EXPECT_EQ(ParseDuration("500ms"), 500);
  EXPECT_EQ(ParseDuration("0s"), 0);
  EXPECT_EQ(ShowDuration(5'400'000), "90m");
  EXPECT_EQ(ShowDuration(1'500), "1500ms");
  EXPECT_EQ(ShowDuration(0), "0s");
  for (const char* bad : {"", "s", "5", "5d", "1.5s", "-1s", "1h 2m", "9999999999999999h", "5s6"}) {
    EXPECT_FALSE(ParseDuration(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace muster::config
