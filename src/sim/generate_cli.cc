// muster-sim generate
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "muster/sim/generate.h"
#include "sim/commands.h"

namespace muster::sim {
namespace {

struct Arguments {
  Model model;
  double load = 0;
  bool modal = false;
};

}  // namespace

void AddGenerate(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "generate",
      "Draw a workload (Lublin and Feitelson) and print it as Standard Workload Format");
  command->add_option("--jobs", arguments->model.jobs, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  command->add_option("--processors", arguments->model.processors, "Of the machine")
      ->capture_default_str()
      ->check(CLI::Range(8, 1'000'000));
  command->add_option("--load", arguments->load, "Offered load, such as 0.85; 0: as it comes")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 10.0));
  command->add_flag("--modal-estimates", arguments->modal, "Users ask for round times");
  command->add_option("--seed", arguments->model.seed)->capture_default_str();
  command->callback([arguments] {
    Model& model = arguments->model;
    model.load_per_mille = static_cast<std::int64_t>(arguments->load * 1000 + 0.5);
    model.estimates = arguments->modal ? Estimates::kModal : Estimates::kExact;
    std::cout << Generate(model);
  });
}

}  // namespace muster::sim
