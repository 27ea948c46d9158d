// muster-sim run
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "muster/sched/snapshot.h"
#include "muster/sim/html.h"
#include "sim/commands.h"

namespace muster::sim {
namespace {

constexpr std::size_t kMostRecorded = 64 << 20;  // bytes; then no further cycle

struct Arguments {
  Source source;
  std::string config, json, events, html, record;
};

void Run(const Arguments& arguments) {
  const sched::Policy policy = ReadPolicy(arguments.config);
  const Workload workload = Take(ReadWorkload(arguments.source, policy));
  RunOptions options;
  options.keep_events = !arguments.events.empty() || !arguments.html.empty();
  std::string cycles;
  if (!arguments.record.empty()) {
    options.decided = [&cycles](const sched::World& world, const sched::Policy& by,
                                const sched::Plan& plan) {
      if (cycles.size() >= kMostRecorded) return;
      cycles += sched::SnapshotText(world, by, sched::DigestOf(plan, world));
    };
  }
  const History run = RunWithProgress(workload, policy, options);
  if (!arguments.record.empty()) Write(arguments.record, cycles);
  const Report report = MakeReport(workload, run, policy.device_resource);
  std::cout << ToText(report);
  if (!arguments.json.empty()) Write(arguments.json, ToJson(report));
  if (!arguments.events.empty()) Write(arguments.events, EventLog(workload, run));
  if (!arguments.html.empty()) {
    Write(arguments.html, ToHtml(workload, run, report, policy.device_resource));
  }
}

}  // namespace

void AddRun(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("run", "Run a trace and say how it went");
  AddSource(*command, arguments->source);
  command->add_option("--config", arguments->config,
                      "The operator's configuration file: its policy");
  command->add_option("--json", arguments->json, "Write the report here");
  command->add_option("--events", arguments->events, "Write every start, eviction and end here");
  command->add_option("--html", arguments->html, "Write a page with plots here");
  command->add_option("--record", arguments->record,
                      "Write the cycles here, for replay; the first 64 MiB of them");
  command->callback([arguments] { Run(*arguments); });
}

}  // namespace muster::sim
