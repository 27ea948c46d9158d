#include "muster/config/load.h"

#include <gtest/gtest.h>

namespace muster::config {
namespace {

bool Any(std::string_view name) { return name != "best_fitt" && name != "nonsense"; }
const PluginCheck kAnyPlugin{Any, Any};

Environment Variables(std::map<std::string, std::string> variables) {
  return {std::move(variables), "host-1"};
}

// What comes of a file's text, flags and variables, as --config muster.yaml would read it.
base::Result<Settings> Read(std::string_view yaml, std::vector<std::string> flags = {},
                            std::map<std::string, std::string> variables = {}) {
  auto invocation = ParseInvocation(flags, Variables(std::move(variables)));
  if (!invocation.ok()) return invocation.error();
  invocation->config_file = "muster.yaml";
  return LoadText(*invocation, yaml, kAnyPlugin);
}

std::string ErrorOf(const base::Result<Settings>& result) {
  if (result.ok()) return "no error";
  EXPECT_EQ(result.error().code, base::Code::kInvalid);
  return result.error().message;
}

TEST(Load, WithoutAnythingTheDefaultsHold) {
  const Settings s = *Read("");
  EXPECT_EQ(s.ns, "muster-system");
  EXPECT_EQ(s.listen.host, "0.0.0.0");
  EXPECT_EQ(s.listen.port, 8080);
  EXPECT_EQ(s.lease.duration_ms, 15'000);
  EXPECT_EQ(s.policy.device_resource, "nvidia.com/gpu");
}

TEST(Load, FlagWinsOverVariableOverFileOverDefault) {
  const std::string file = "namespace: from-file\nlease: {name: from-file}\nidentity: from-file\n";
  const Settings s =
      *Read(file, {"--namespace", "from-flag"},
            {{"GPU_SCHEDULER_NAMESPACE", "from-env"}, {"GPU_SCHEDULER_LEASE_NAME", "from-env"}});
  EXPECT_EQ(s.ns, "from-flag");
  EXPECT_EQ(s.lease.name, "from-env");
  EXPECT_EQ(s.identity, "from-file");
  EXPECT_EQ(s.log_level, base::LogLevel::kInfo);
}

TEST(Load, ReadsEveryFormOfValue) {
  const Settings s = *Read(R"(
listen: "[::1]:0"
log: {format: json, level: debug}
lease:
  duration: 4s
  renewDeadline: 3s
  retryPeriod: 500ms
client: {requestsPerSecond: 50}
podGroupTimeout: 1h30m
policy:
  filters: [resources, taints]
  scores: {best_fit: 7, other: 0}
  preemption: {enabled: false}
)");
  EXPECT_EQ(s.listen.host, "::1");
  EXPECT_EQ(s.listen.port, 0);
  EXPECT_EQ(s.log_format, base::LogFormat::kJson);
  EXPECT_EQ(s.lease.retry_period_ms, 500);
  EXPECT_EQ(s.client.requests_per_second, 50);
  EXPECT_EQ(s.pod_group_timeout_ms, 5'400'000);
  EXPECT_EQ(s.policy.filters, (std::vector<std::string>{"resources", "taints"}));
  ASSERT_EQ(s.policy.scores.size(), 2u);
  EXPECT_EQ(s.policy.scores[0].weight, 7);
  EXPECT_FALSE(s.policy.preemption);
}

TEST(Load, FlagsAndVariablesTakeListsAndMaps) {
  const Settings s = *Read("", {"--policy-filters=taints, resources"},
                           {{"GPU_SCHEDULER_POLICY_SCORES", "a=1,b=20"}});
  EXPECT_EQ(s.policy.filters, (std::vector<std::string>{"taints", "resources"}));
  ASSERT_EQ(s.policy.scores.size(), 2u);
  EXPECT_EQ(s.policy.scores[1].plugin, "b");
  EXPECT_EQ(s.policy.scores[1].weight, 20);
}

TEST(Load, IdentityIsThePodAndElseTheHost) {
  EXPECT_EQ(Read("")->identity, "host-1");
  EXPECT_EQ(Read("", {}, {{"POD_NAME", "muster-7f-x"}})->identity, "muster-7f-x");
  EXPECT_EQ(Read("", {"--identity=me"}, {{"POD_NAME", "muster-7f-x"}})->identity, "me");
}

TEST(Load, AnUnknownNameIsRefusedWithTheNearest) {
  EXPECT_EQ(ErrorOf(Read("lease:\n  renewDeadlin: 3s\n")),
            "muster.yaml:2:3: lease.renewDeadlin: unknown setting; did you mean "
            "lease.renewDeadline?");
  EXPECT_EQ(ErrorOf(Read("leaseDuration: 3s\n")),
            "muster.yaml:1:1: leaseDuration: unknown setting; did you mean lease.duration?");
  EXPECT_EQ(ErrorOf(Read("", {"--lisen=:80"})), "--lisen: unknown flag; did you mean --listen?");
  EXPECT_EQ(ErrorOf(Read("", {}, {{"GPU_SCHEDULER_LOG_LEVL", "info"}})),
            "GPU_SCHEDULER_LOG_LEVL: unknown variable; did you mean GPU_SCHEDULER_LOG_LEVEL?");
  EXPECT_EQ(ErrorOf(Read("databasePassword: x\n")),
            "muster.yaml:1:1: databasePassword: unknown setting");
}

TEST(Load, VariablesOfServiceLinksAreNotOurs) {
  EXPECT_TRUE(Read("", {},
                   {{"GPU_SCHEDULER_SERVICE_HOST", "10.0.0.1"},
                    {"GPU_SCHEDULER_SERVICE_PORT_HTTP", "80"},
                    {"GPU_SCHEDULER_PORT", "tcp://10.0.0.1:80"},
                    {"GPU_SCHEDULER_PORT_80_TCP_ADDR", "10.0.0.1"}})
                  .ok());
}

TEST(Load, VariablesOfADatabaseAndOfAnApiHaveNoEffectAndAreNamed) {
  const auto invocation = ParseInvocation({}, Variables({{"GPU_SCHEDULER_DATABASE_PASSWORD", "x"},
                                                         {"GPU_SCHEDULER_DATABASE_PORT", "5432"},
                                                         {"GPU_SCHEDULER_API_HTTP_PORT", "8080"}}));
  ASSERT_TRUE(invocation.ok()) << invocation.error().message;
  EXPECT_TRUE(invocation->overrides.empty());
  EXPECT_EQ(invocation->ignored, (std::vector<std::string>{"GPU_SCHEDULER_API_HTTP_PORT",
                                                           "GPU_SCHEDULER_DATABASE_PASSWORD",
                                                           "GPU_SCHEDULER_DATABASE_PORT"}));
}

TEST(Load, AWrongValueIsRefusedWithPlaceAndForm) {
  EXPECT_EQ(ErrorOf(Read("log:\n  level: verbose\n")),
            "muster.yaml:2:10: log.level: \"verbose\" is not one of debug, info, warn, error");
  EXPECT_EQ(ErrorOf(Read("listen: 8080\n")),
            "muster.yaml:1:9: listen: \"8080\" is not an address, host:port, with a port from 0 to "
            "65535");
  EXPECT_EQ(ErrorOf(Read("lease: {duration: 15}\n")),
            "muster.yaml:1:19: lease.duration: \"15\" has no unit: write 15s or 15ms");
  EXPECT_EQ(ErrorOf(Read("", {"--client-burst=0"})),
            "--client-burst: \"0\" is not an integer, 1 to 100000");
  EXPECT_EQ(ErrorOf(Read("policy:\n  scores:\n    best_fit: -1\n")),
            "muster.yaml:3:15: policy.scores: the weight of best_fit is \"-1\" and must be an "
            "integer, 0 to 1000");
  EXPECT_EQ(ErrorOf(Read("namespace: Not_A_Name\n")),
            "muster.yaml:1:12: namespace: \"Not_A_Name\" is not the name of a namespace");
}

TEST(Load, AWrongShapeIsRefused) {
  EXPECT_EQ(ErrorOf(Read("listen: [a]\n")),
            "muster.yaml:1:9: listen: must be a single value, not a list or a map");
  EXPECT_EQ(ErrorOf(Read("lease: 15s\n")), "muster.yaml:1:1: lease: must be a map of settings");
  EXPECT_EQ(ErrorOf(Read("listen:\n")), "muster.yaml:1:1: listen: has no value");
  EXPECT_EQ(ErrorOf(Read("policy: {filters: resources}\n")),
            "muster.yaml:1:19: policy.filters: must be a list, such as [taints, resources]");
  EXPECT_EQ(ErrorOf(Read("policy: {filters: [resources, [a]]}\n")),
            "muster.yaml:1:31: policy.filters: only plain values belong in it");
  EXPECT_EQ(ErrorOf(Read("- a\n")),
            "muster.yaml:1:1: the file must be a map of settings, such as \"log:\"");
}

TEST(Load, WhatIsSaidTwiceIsRefused) {
  EXPECT_EQ(ErrorOf(Read("context: a\ncontext: b\n")), "muster.yaml:2:1: context: is set twice");
  EXPECT_EQ(ErrorOf(Read("policy: {filters: [resources, resources]}\n")),
            "muster.yaml:1:31: policy.filters: names \"resources\" twice");
  EXPECT_EQ(ErrorOf(Read("", {"--context=a", "--context=b"})), "--context: is given twice");
  EXPECT_EQ(ErrorOf(Read("context: a\n---\ncontext: b\n")),
            "muster.yaml:3:1: a second YAML document; only one is read");
}

TEST(Load, WhatIsNotYamlIsRefusedWithItsPlace) {
  EXPECT_EQ(ErrorOf(Read("log:\n  level: [info\nlisten: x\n")).substr(0, 23),
            "muster.yaml:3:7: not YA");
}

TEST(Load, LeaseTimesMustFallInTheirOrder) {
  EXPECT_EQ(ErrorOf(Read("lease:\n  duration: 9s\n")),
            "muster.yaml:2:13: lease.duration: lease.duration (9s) must be longer than "
            "lease.renewDeadline (10s)");
  EXPECT_EQ(ErrorOf(Read("", {"--lease-retry-period=10s"})),
            "--lease-retry-period: lease.renewDeadline (10s) must be longer than "
            "lease.retryPeriod (10s)");
}

TEST(Load, AnUnknownPluginIsRefusedWhereItStands) {
  EXPECT_EQ(ErrorOf(Read("policy:\n  scores:\n    best_fitt: 3\n")),
            "muster.yaml:3:16: policy.scores: no score is called \"best_fitt\"; did you mean "
            "best_fit?");
  EXPECT_EQ(ErrorOf(Read("policy:\n  filters: [resources, nonsense]\n")),
            "muster.yaml:2:24: policy.filters: no filter is called \"nonsense\"");
}

TEST(Load, AFilterIsNoScoreAndAScoreIsNoFilter) {
  Invocation invocation;
  invocation.config_file = "muster.yaml";
  invocation.default_identity = "me";
  EXPECT_EQ(ErrorOf(LoadText(invocation, "policy: {scores: {taints: 5}}\n")),
            "muster.yaml:1:27: policy.scores: no score is called \"taints\"");
  EXPECT_EQ(ErrorOf(LoadText(invocation, "policy: {filters: [resources, best_fit]}\n")),
            "muster.yaml:1:31: policy.filters: no filter is called \"best_fit\"");
}

TEST(Load, TheResourcesFilterCannotBeLeftOut) {
  EXPECT_EQ(ErrorOf(Read("policy: {filters: [taints]}\n")),
            "muster.yaml:1:19: policy.filters: resources must be among the filters: without it "
            "nodes would be overcommitted");
}

TEST(Invocation, CommandsAndTheFileAreFlagsToo) {
  EXPECT_EQ(ParseInvocation({"--help"}, {})->command, Command::kHelp);
  EXPECT_EQ(ParseInvocation({"--version"}, {})->command, Command::kVersion);
  EXPECT_EQ(ParseInvocation({"--config", "a.yaml"}, {})->config_file, "a.yaml");
  EXPECT_EQ(ParseInvocation({"--config=b.yaml"}, Variables({{"GPU_SCHEDULER_CONFIG", "a.yaml"}}))
                ->config_file,
            "b.yaml");
  EXPECT_EQ(ParseInvocation({"--config"}, {}).error().message,
            "--config: needs a value, as in --config=VALUE");
  EXPECT_FALSE(ParseInvocation({"run"}, {}).ok());
}

TEST(Load, AFileThatIsNotThereIsSaidByName) {
  Invocation invocation;
  invocation.config_file = "/nowhere/muster.yaml";
  const auto result = Load(invocation, kAnyPlugin);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, base::Code::kNotFound);
  EXPECT_EQ(result.error().message,
            "/nowhere/muster.yaml: cannot be read: No such file or directory");
  invocation.config_file = "/";
  EXPECT_EQ(Load(invocation, kAnyPlugin).error().message, "/: cannot be read: Is a directory");
}

}  // namespace
}  // namespace muster::config
