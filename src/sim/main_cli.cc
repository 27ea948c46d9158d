// muster-sim: the core on a virtual clock, for people.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "muster/base/text.h"
#include "muster/config/load.h"
#include "muster/sched/schedule.h"
#include "muster/sim/generate.h"
#include "muster/sim/read.h"
#include "muster/sim/report.h"

namespace {

using namespace muster;

// What went wrong with the input: said in one sentence, exit code 2.
struct Refused {
  std::string message;
};

template <class T>
T Take(base::Result<T> result) {
  if (!result.ok()) throw Refused{result.error().message};
  return std::move(result).value();
}

struct Arguments {
  std::string jobs, machine = "50x8", vc, config, json, events;
  sim::Model model;
  double load = 0;
  bool modal = false;
};

sched::Policy ReadPolicy(const std::string& file) {
  config::Invocation invocation;
  invocation.config_file = file;
  invocation.default_identity = "muster-sim";
  return Take(config::Load(invocation)).policy;
}

sim::Machine ReadMachine(const std::string& text) {
  const auto parts = base::Split(text, 'x');
  sim::Machine machine;
  const auto nodes = base::ParseInt(parts[0]);
  const auto gpus = parts.size() == 2 ? base::ParseInt(parts[1]) : std::nullopt;
  if (!nodes || !gpus || *nodes < 1 || *gpus < 1 || *nodes > 1'000'000 || *gpus > 1'000) {
    throw Refused{"--nodes is \"" + text +
                  "\", not NODESxGPUS such as 50x8 (up to 1000000 nodes of up to 1000 GPUs)"};
  }
  machine.nodes = *nodes;
  machine.gpus_per_node = *gpus;
  return machine;
}

sim::Workload ReadWorkload(const Arguments& arguments, const std::string& device_resource) {
  const sim::Machine machine = ReadMachine(arguments.machine);
  const std::string text = Take(sim::ReadAll(arguments.jobs));
  const sim::TraceShape shape{arguments.vc, machine.gpus_per_node, device_resource};
  sim::Workload workload;
  workload.nodes = sim::MakeNodes(machine, device_resource);
  workload.jobs = Take(sim::ReadJobs({arguments.jobs, text}, shape));
  if (workload.jobs.empty()) throw Refused{arguments.jobs + ": no job in it is to be run"};
  workload.tenants = sim::TenantsOf(workload.jobs);
  return workload;
}

void Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw Refused{path + " cannot be written"};
}

sim::History RunWithProgress(const sim::Workload& workload, const sched::Policy& policy,
                             bool keep_events) {
  sim::RunOptions options;
  options.keep_events = keep_events;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal) {
    options.progress = [&](std::size_t ended) {
      std::cerr << "\r" << ended << " of " << workload.jobs.size() << " jobs" << std::flush;
    };
  }
  sim::History run = sim::Simulate(workload, policy, options);
  if (terminal) std::cerr << "\r\x1b[K";
  return run;
}

void RunCommand(const Arguments& arguments) {
  const sched::Policy policy = ReadPolicy(arguments.config);
  const sim::Workload workload = ReadWorkload(arguments, policy.device_resource);
  const sim::History run = RunWithProgress(workload, policy, !arguments.events.empty());
  const sim::Report report = sim::MakeReport(workload, run, policy.device_resource);
  std::cout << sim::ToText(report);
  if (!arguments.json.empty()) Write(arguments.json, sim::ToJson(report));
  if (!arguments.events.empty()) Write(arguments.events, sim::EventLog(workload, run));
}

void GenerateCommand(Arguments& arguments) {
  arguments.model.load_per_mille = static_cast<std::int64_t>(arguments.load * 1000 + 0.5);
  arguments.model.estimates = arguments.modal ? sim::Estimates::kModal : sim::Estimates::kExact;
  std::cout << sim::Generate(arguments.model);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs a trace of jobs through Muster's scheduler on a virtual clock.", "muster-sim");
  app.require_subcommand(1);
  Arguments arguments;
  CLI::App* run = app.add_subcommand("run", "Run a trace and say how it went");
  run->add_option("--jobs", arguments.jobs,
                  "Standard Workload Format or Philly CSV, plain or gzipped; - is standard input")
      ->required();
  run->add_option("--nodes", arguments.machine, "The cluster, as NODESxGPUS")
      ->capture_default_str();
  run->add_option("--vc", arguments.vc, "Of a Philly trace: this virtual cluster alone");
  run->add_option("--config", arguments.config, "The operator's configuration file: its policy");
  run->add_option("--json", arguments.json, "Write the report here");
  run->add_option("--events", arguments.events, "Write every start, eviction and end here");
  CLI::App* generate = app.add_subcommand(
      "generate",
      "Draw a workload (Lublin and Feitelson) and print it as Standard Workload Format");
  generate->add_option("--jobs", arguments.model.jobs, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  generate->add_option("--processors", arguments.model.processors, "Of the machine")
      ->capture_default_str()
      ->check(CLI::Range(8, 1'000'000));
  generate->add_option("--load", arguments.load, "Offered load, such as 0.85; 0: as it comes")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 10.0));
  generate->add_flag("--modal-estimates", arguments.modal, "Users ask for round times");
  generate->add_option("--seed", arguments.model.seed)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    if (generate->parsed()) {
      GenerateCommand(arguments);
    } else {
      RunCommand(arguments);
    }
  } catch (const Refused& refused) {
    std::cerr << "muster-sim: " << refused.message << "\n";
    return 2;
  }
  return 0;
}
