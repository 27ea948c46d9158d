#include <unistd.h>

#include <set>

#include "config/table.h"
#include "muster/config/load.h"

namespace muster::config {
namespace {

constexpr std::string_view kPrefix = "GPU_SCHEDULER_";
constexpr std::string_view kConfigVariable = "GPU_SCHEDULER_CONFIG";

base::Error Refuse(const std::string& text) { return {base::Code::kInvalid, text}; }

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// A Service called gpu-scheduler puts GPU_SCHEDULER_SERVICE_HOST, GPU_SCHEDULER_PORT and
// GPU_SCHEDULER_PORT_8080_TCP_ADDR into every pod of its namespace: those are not ours.
bool IsServiceLink(std::string_view name, std::string_view value) {
  if (EndsWith(name, "_SERVICE_HOST")) return true;
  if (name.find("_SERVICE_PORT") != std::string_view::npos) return true;
  if (EndsWith(name, "_PORT")) return value.find("://") != std::string_view::npos;
  const std::size_t port = name.find("_PORT_");
  if (port == std::string_view::npos) return false;
  const std::string_view rest = name.substr(port + 6);
  return !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
}

// Environments are written for a scheduler with a database and an API of its own; Muster has the
// API server in place of both.
bool IsForAnother(std::string_view name) {
  return name.starts_with("GPU_SCHEDULER_DATABASE_") || name.starts_with("GPU_SCHEDULER_API_");
}

const Setting* FindBy(std::string (*name_of)(std::string_view), std::string_view name) {
  for (const Setting& s : Table()) {
    if (name_of(s.path) == name) return &s;
  }
  return nullptr;
}

std::vector<std::string> Names(std::string (*name_of)(std::string_view),
                               std::vector<std::string> also) {
  for (const Setting& s : Table()) also.push_back(name_of(s.path));
  return also;
}

base::Status ReadVariables(const Environment& environment, Invocation& invocation) {
  for (const auto& [name, value] : environment.variables) {
    if (name.compare(0, kPrefix.size(), kPrefix) != 0) continue;
    if (name == kConfigVariable) {
      invocation.config_file = value;
    } else if (const Setting* setting = FindBy(VariableName, name)) {
      invocation.overrides.push_back({std::string(setting->path), value, name});
    } else if (IsForAnother(name)) {
      invocation.ignored.push_back(name);
    } else if (!IsServiceLink(name, value)) {
      return Refuse(name + ": unknown variable" +
                    DidYouMean(name, Names(VariableName, {std::string(kConfigVariable)})));
    }
  }
  return base::Done{};
}

// The command that a flag stands for, if it is one.
std::optional<Command> CommandOf(std::string_view flag) {
  if (flag == "--help" || flag == "-h") return Command::kHelp;
  if (flag == "--version") return Command::kVersion;
  if (flag == "--print-config") return Command::kPrintConfig;
  return std::nullopt;
}

class FlagReader {
 public:
  FlagReader(const std::vector<std::string>& args, Invocation& invocation)
      : args_(args), invocation_(invocation) {}

  base::Status Read() {
    for (at_ = 0; at_ < args_.size(); ++at_) {
      if (auto status = ReadOne(args_[at_]); !status.ok()) return status;
    }
    return base::Done{};
  }

 private:
  base::Status ReadOne(const std::string& arg) {
    const std::size_t equals = arg.find('=');
    const std::string flag = arg.substr(0, equals);
    if (flag.empty() || flag[0] != '-') {
      return Refuse("\"" + arg + "\": only flags are understood; see --help");
    }
    if (!seen_.insert(flag).second) return Refuse(flag + ": is given twice");
    if (const auto command = CommandOf(arg)) {
      invocation_.command = *command;
      return base::Done{};
    }
    const Setting* setting = FindBy(FlagName, flag);
    if (setting == nullptr && flag != "--config") {
      return Refuse(
          flag + ": unknown flag" +
          DidYouMean(flag, Names(FlagName, {"--config", "--help", "--version", "--print-config"})));
    }
    if (equals == std::string::npos && at_ + 1 >= args_.size()) {
      return Refuse(flag + ": needs a value, as in " + flag + "=VALUE");
    }
    std::string value = equals == std::string::npos ? args_[++at_] : arg.substr(equals + 1);
    if (setting == nullptr) {
      invocation_.config_file = std::move(value);
    } else {
      invocation_.overrides.push_back({std::string(setting->path), std::move(value), flag});
    }
    return base::Done{};
  }

  const std::vector<std::string>& args_;
  Invocation& invocation_;
  std::set<std::string> seen_;
  std::size_t at_ = 0;
};

}  // namespace

Environment ReadEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) {
      environment.variables[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  char host[256] = {};
  if (gethostname(host, sizeof host - 1) == 0) environment.hostname = host;
  return environment;
}

base::Result<Invocation> ParseInvocation(const std::vector<std::string>& args,
                                         const Environment& environment) {
  Invocation invocation;
  const auto pod = environment.variables.find("POD_NAME");
  const bool has_pod = pod != environment.variables.end() && !pod->second.empty();
  invocation.default_identity = has_pod ? pod->second : environment.hostname;
  if (auto status = ReadVariables(environment, invocation); !status.ok()) return status.error();
  if (auto status = FlagReader(args, invocation).Read(); !status.ok()) return status.error();
  return invocation;
}

}  // namespace muster::config
