// What the subcommands read and write, and how far they are.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "muster/config/load.h"
#include "sim/commands.h"

namespace muster::sim {
void AddSource(CLI::App& command, Source& source) {
  command
      .add_option("--jobs", source.jobs,
                  "Standard Workload Format, Philly CSV or a workload file in YAML, plain or "
                  "gzipped; - is standard input")
      ->required();
  command.add_option("--nodes", source.nodes,
                     "The cluster: NODESxGPUS, or a workload file with nodes; else what the jobs' "
                     "file says, or 50x8");
  command.add_option("--vc", source.vc, "Of a Philly trace: this virtual cluster alone");
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

History RunWithProgress(const Workload& workload, const sched::Policy& policy, RunOptions options,
                        const std::string& title) {
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
