// From command line, environment and file to Settings.  What wins, from the top: flags, environment
// (GPU_SCHEDULER_*), the YAML file of --config, defaults.  Every setting has all four names,
// derived from its path in the file: lease.renewDeadline, --lease-renew-deadline,
// GPU_SCHEDULER_LEASE_RENEW_DEADLINE (docs/reference/config.md).
//
// Errors: kInvalid with one sentence that names source, line, column and field
// ("muster.yaml:3:13: lease.duration: …"); kNotFound or kUnavailable when the file cannot be read.
// Unknown names are refused, never ignored; but for GPU_SCHEDULER_DATABASE_* and _API_*, which are
// set for programs that have a database and an API of their own. Threads: pure functions but for
// the file and ReadEnvironment.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.h"
#include "muster/config/settings.h"
#include "muster/sched/schedule.h"

namespace muster::config {

// The part of the surroundings that counts, as data.
struct Environment {
  std::map<std::string, std::string> variables;
  std::string hostname;
};
Environment ReadEnvironment();

enum class Command { kRun, kHelp, kVersion, kPrintConfig };

// What flags and environment say, before the file is read.
struct Override {
  std::string path;    // of the setting
  std::string text;    // its value
  std::string source;  // "--listen" or "GPU_SCHEDULER_LISTEN", for messages
};
struct Invocation {
  Command command = Command::kRun;
  std::string config_file;           // empty: none
  std::string default_identity;      // POD_NAME, else the host name
  std::vector<Override> overrides;   // later ones win
  std::vector<std::string> ignored;  // variables that have no effect here, to be warned of
};

// `args` without the program's name.
base::Result<Invocation> ParseInvocation(const std::vector<std::string>& args,
                                         const Environment& environment);

// Whether there is a filter, or a score, of a name.
struct PluginCheck {
  std::function<bool(std::string_view)> is_filter = sched::IsFilter;
  std::function<bool(std::string_view)> is_score = sched::IsScore;
};

// Reads the invocation's file, if it names one, and puts all sources together.
base::Result<Settings> Load(const Invocation& invocation, const PluginCheck& plugins = {});

// The same with the file's content given; `invocation.config_file` is only its name in messages.
// With `running`, what cannot change while the program runs must be as there.
base::Result<Settings> LoadText(const Invocation& invocation, std::string_view yaml,
                                const PluginCheck& plugins = {}, const Settings* running = nullptr);

// kNotFound, kUnavailable, or kInvalid beyond 1 MiB.
base::Result<std::string> ReadFile(const std::string& path);

}  // namespace muster::config
