// muster-sim replay
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "muster/sim/replay.h"
#include "sim/commands.h"

namespace muster::sim {
namespace {

struct Arguments {
  std::string file, config;
};

void RunReplay(const Arguments& arguments) {
  const std::string text = Take(ReadAll(arguments.file));
  std::optional<sched::Policy> instead;
  if (!arguments.config.empty()) instead = ReadPolicy(arguments.config);
  const Replay replay = Take(ReplayCycles({arguments.file, text}, instead));
  std::cout << replay.text << std::flush;
  if (replay.other > 0) {
    throw Refused{std::to_string(replay.other) + " plans are not the recorded ones", 1};
  }
}

}  // namespace

void AddReplay(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("replay", "Decide recorded cycles again, and say whether all is the same");
  command->add_option("file", arguments->file, "Recorded cycles, plain or gzipped")->required();
  command->add_option("--config", arguments->config,
                      "A configuration file of the operator: what its policy would decide instead");
  command->callback([arguments] { RunReplay(*arguments); });
}

}  // namespace muster::sim
