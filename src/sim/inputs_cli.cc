// What the subcommands read and write, and how far they are.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "muster/base/text.h"
#include "muster/config/load.h"
#include "muster/sim/read.h"
#include "sim/commands.h"

namespace muster::sim {
namespace {

Machine ReadMachine(const std::string& text) {
  const auto parts = base::Split(text, 'x');
  Machine machine;
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

}  // namespace

void AddSource(CLI::App& command, Source& source) {
  source.nodes = "50x8";
  command
      .add_option("--jobs", source.jobs,
                  "Standard Workload Format or Philly CSV, plain or gzipped; - is standard input")
      ->required();
  command.add_option("--nodes", source.nodes, "The cluster, as NODESxGPUS")->capture_default_str();
  command.add_option("--vc", source.vc, "Of a Philly trace: this virtual cluster alone");
}

Workload ReadSource(const Source& source, const std::string& device_resource) {
  const Machine machine = ReadMachine(source.nodes);
  const std::string text = Take(ReadAll(source.jobs));
  const TraceShape shape{source.vc, machine.gpus_per_node, device_resource};
  Workload workload;
  workload.nodes = MakeNodes(machine, device_resource);
  workload.jobs = Take(ReadJobs({source.jobs, text}, shape));
  if (workload.jobs.empty()) throw Refused{source.jobs + ": no job in it is to be run"};
  workload.tenants = TenantsOf(workload.jobs);
  return workload;
}

sched::Policy ReadPolicy(const std::string& file) {
  config::Invocation invocation;
  invocation.config_file = file;
  invocation.default_identity = "muster-sim";
  return Take(config::Load(invocation)).policy;
}

void Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw Refused{path + " cannot be written"};
}

History RunWithProgress(const Workload& workload, const sched::Policy& policy, bool keep_events,
                        const std::string& title) {
  RunOptions options;
  options.keep_events = keep_events;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal) {
    options.progress = [&](std::size_t ended) {
      std::cerr << "\r\x1b[K" << title << ended << " of " << workload.jobs.size() << " jobs"
                << std::flush;
    };
  }
  History run = Simulate(workload, policy, options);
  if (terminal) std::cerr << "\r\x1b[K";
  return run;
}

}  // namespace muster::sim
