// muster-sim compare
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>

#include "muster/sim/compare.h"
#include "sim/commands.h"

namespace muster::sim {
namespace {

struct Arguments {
  Source source;
  std::vector<std::string> policies;  // NAME=FILE or FILE
  std::string json;
};

struct Named {
  std::string name;
  sched::Policy policy;
};

Named ReadNamed(const std::string& text) {
  const std::size_t cut = text.find('=');
  if (cut != std::string::npos) return {text.substr(0, cut), ReadPolicy(text.substr(cut + 1))};
  return {std::filesystem::path(text).stem().string(), ReadPolicy(text)};
}

std::vector<Named> ReadPolicies(const std::vector<std::string>& texts) {
  std::vector<Named> all;
  std::set<std::string> names;
  for (const std::string& text : texts) {
    all.push_back(ReadNamed(text));
    const std::string& name = all.back().name;
    if (name.empty()) throw Refused{"--policy " + text + ": the name before = is empty"};
    if (!names.insert(name).second) {
      throw Refused{"--policy " + text + ": there is another one of the name " + name};
    }
    if (all.back().policy.device_resource != all[0].policy.device_resource) {
      throw Refused{"--policy " + text + ": gpuResource is not that of " + all[0].name +
                    "; the workload would not be the same"};
    }
  }
  return all;
}

void Compare(const Arguments& arguments) {
  const std::vector<Named> policies = ReadPolicies(arguments.policies);
  const std::string& device_resource = policies[0].policy.device_resource;
  const Workload workload = Take(ReadWorkload(arguments.source, policies[0].policy));
  RunOptions options;
  options.keep_events = false;
  std::vector<Side> sides;
  for (const auto& [name, policy] : policies) {
    const History run = RunWithProgress(workload, policy, options, name + ": ");
    sides.push_back({name, MakeReport(workload, run, device_resource)});
  }
  std::cout << CompareText(sides);
  if (!arguments.json.empty()) Write(arguments.json, CompareJson(sides));
}

}  // namespace

void AddCompare(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("compare", "Run a trace under several policies, and say how they differ");
  AddSource(*command, arguments->source);
  command
      ->add_option("--policy,--config", arguments->policies,
                   "NAME=FILE or FILE, a configuration file of the operator: its policy; NAME= is "
                   "the default policy.  At least two; ratios are to the first")
      ->required()
      ->expected(1)
      ->take_all();
  command->add_option("--json", arguments->json, "Write the reports and the ratios here");
  command->callback([arguments] {
    if (arguments->policies.size() < 2) throw Refused{"--policy: at least two are to be compared"};
    Compare(*arguments);
  });
}

}  // namespace muster::sim
