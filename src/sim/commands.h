// The subcommands of muster-sim, one file each, and what they share.  Private to the program.
#pragma once

#include <string>
#include <utility>

#include "muster/base/result.h"
#include "muster/sched/policy.h"
#include "muster/sim/engine.h"
#include "muster/sim/read.h"
#include "muster/sim/report.h"

namespace CLI {
class App;
}

namespace muster::sim {

// Ends the program with one sentence: exit code 2 where the input is wrong, 1 where something
// that was to be the same is not.
struct Refused {
  std::string message;
  int code = 2;
};

template <class T>
T Take(base::Result<T> result) {
  if (!result.ok()) throw Refused{result.error().message};
  return std::move(result).value();
}

void AddSource(CLI::App& command, Source& source);

// The policy of a configuration file of the operator; the defaults where `file` is empty.
sched::Policy ReadPolicy(const std::string& file);

void Write(const std::string& path, const std::string& text);

// With a line about progress, after `title`, on a terminal.
History RunWithProgress(const Workload& workload, const sched::Policy& policy, RunOptions options,
                        const std::string& title = "");

// Each adds its subcommand, which runs when the command line has been read.
void AddRun(CLI::App& app);
void AddCompare(CLI::App& app);
void AddReplay(CLI::App& app);
void AddGenerate(CLI::App& app);

}  // namespace muster::sim
