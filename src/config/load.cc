#include "muster/config/load.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "config/file_yaml.h"
#include "config/table.h"

namespace muster::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

// Where the value of a setting came from.
struct Origin {
  std::string source;  // file, flag or variable; empty: the default
  bool in_file = false;
  Mark mark;
};

// Settings under construction, each with its origin.
class Draft {
 public:
  explicit Draft(const Invocation& invocation) : invocation_(invocation) {}

  base::Status ReadFileText(std::string_view yaml) {
    auto entries = ParseConfigFile(invocation_.config_file, yaml);
    if (!entries.ok()) return entries.error();
    for (const FileEntry& entry : *entries) {
      const Origin origin{invocation_.config_file, true, entry.value.mark};
      if (auto status = Set(entry.path, entry.value, origin); !status.ok()) return status;
    }
    return base::Done{};
  }

  base::Status ReadOverrides() {
    for (const Override& o : invocation_.overrides) {
      const Setting* setting = FindSetting(o.path);
      if (setting == nullptr) return Refuse(o.source + ": unknown setting " + o.path);
      const RawValue value = FromText(setting->field, o.text);
      if (auto status = Set(o.path, value, Origin{o.source, false, {}}); !status.ok()) {
        return status;
      }
    }
    return base::Done{};
  }

  // What one setting alone cannot tell.
  base::Status Check(const PluginCheck& plugins) {
    if (settings.identity.empty()) settings.identity = invocation_.default_identity;
    if (settings.identity.empty()) {
      return Blame({"identity"}, "is empty, and neither POD_NAME nor a host name is there");
    }
    const LeaseSettings& lease = settings.lease;
    if (lease.duration_ms <= lease.renew_deadline_ms) {
      return Blame({"lease.duration", "lease.renewDeadline"},
                   "lease.duration (" + ShowDuration(lease.duration_ms) +
                       ") must be longer than lease.renewDeadline (" +
                       ShowDuration(lease.renew_deadline_ms) + ")");
    }
    if (lease.renew_deadline_ms <= lease.retry_period_ms) {
      return Blame({"lease.renewDeadline", "lease.retryPeriod"},
                   "lease.renewDeadline (" + ShowDuration(lease.renew_deadline_ms) +
                       ") must be longer than lease.retryPeriod (" +
                       ShowDuration(lease.retry_period_ms) + ")");
    }
    return CheckPlugins(plugins);
  }

  base::Status CheckFixed(const Settings& running) {
    for (const Setting& setting : Table()) {
      if (setting.reload != Reload::kRestart) continue;
      const std::string before = ShowField(setting.field, running);
      const std::string after = ShowField(setting.field, settings);
      if (before == after) continue;
      const std::string path(setting.path);
      const bool taken_out = origins_[path].source.empty();
      return Refuse((taken_out ? invocation_.config_file + ": " : "") +
                    Prefix(path, origins_[path]) + "cannot change from \"" + before + "\" to \"" +
                    after + "\" while the program runs; restart it for that");
    }
    return base::Done{};
  }

  Settings settings;

 private:
  static base::Error Refuse(const std::string& text) { return {base::Code::kInvalid, text}; }

  base::Status Set(const std::string& path, const RawValue& value, Origin origin) {
    if (auto complaint = SetField(FindSetting(path)->field, settings, value)) {
      origin.mark = complaint->mark;
      return Refuse(Prefix(path, origin) + complaint->text);
    }
    origins_[path] = std::move(origin);
    items_[path] = value.items;
    return base::Done{};
  }

  static std::string Prefix(const std::string& path, const Origin& origin) {
    if (origin.source.empty()) return path + ": ";
    if (!origin.in_file) return origin.source + ": ";
    return origin.source + ":" + std::to_string(origin.mark.line) + ":" +
           std::to_string(origin.mark.column) + ": " + path + ": ";
  }

  // Names the first of `paths` that somebody set; defaults agree with each other.
  base::Error Blame(const std::vector<std::string>& paths, const std::string& text) {
    for (const std::string& path : paths) {
      if (!origins_[path].source.empty()) return Refuse(Prefix(path, origins_[path]) + text);
    }
    return Refuse(Prefix(paths.front(), {}) + text);
  }

  base::Status CheckPlugins(const PluginCheck& plugins) {
    const sched::Policy& policy = settings.policy;
    if (std::find(policy.filters.begin(), policy.filters.end(), "resources") ==
        policy.filters.end()) {
      return Blame({"policy.filters"},
                   "resources must be among the filters: without it nodes would be overcommitted");
    }
    for (const std::string& name : policy.filters) {
      if (!plugins.is_filter(name)) return UnknownPlugin("policy.filters", name);
    }
    for (const sched::ScoreWeight& score : policy.scores) {
      if (!plugins.is_score(score.plugin)) return UnknownPlugin("policy.scores", score.plugin);
    }
    return base::Done{};
  }

  base::Error UnknownPlugin(const std::string& path, const std::string& name) {
    Origin origin = origins_[path];
    for (const RawItem& item : items_[path]) {
      if ((item.key.empty() ? item.text : item.key) == name) origin.mark = item.mark;
    }
    std::vector<std::string> known;
    const sched::Policy defaults;
    if (path == "policy.filters") known = defaults.filters;
    for (const auto& score : defaults.scores) {
      if (path == "policy.scores") known.push_back(score.plugin);
    }
    return Refuse(Prefix(path, origin) +
                  (path == "policy.filters" ? "no filter is called \"" : "no score is called \"") +
                  name + "\"" + DidYouMean(name, known));
  }

  const Invocation& invocation_;
  std::map<std::string, Origin> origins_;
  std::map<std::string, std::vector<RawItem>> items_;
};

}  // namespace

base::Result<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return base::Error{errno == ENOENT ? base::Code::kNotFound : base::Code::kUnavailable,
                       path + ": cannot be read: " + std::strerror(errno)};
  }
  std::string content(kMaxFileBytes + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad() || (file.gcount() == 0 && !file.eof())) {
    return base::Error{base::Code::kUnavailable,
                       path + ": cannot be read: " + std::strerror(errno)};
  }
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > kMaxFileBytes) {
    return base::Error{base::Code::kInvalid, path + ": is larger than 1 MiB"};
  }
  return content;
}

base::Result<Settings> LoadText(const Invocation& invocation, std::string_view yaml,
                                const PluginCheck& plugins, const Settings* running) {
  Draft draft(invocation);
  if (auto status = draft.ReadFileText(yaml); !status.ok()) return status.error();
  if (auto status = draft.ReadOverrides(); !status.ok()) return status.error();
  if (auto status = draft.Check(plugins); !status.ok()) return status.error();
  if (running != nullptr) {
    if (auto status = draft.CheckFixed(*running); !status.ok()) return status.error();
  }
  return std::move(draft.settings);
}

base::Result<Settings> Load(const Invocation& invocation, const PluginCheck& plugins) {
  if (invocation.config_file.empty()) return LoadText(invocation, "", plugins);
  auto content = ReadFile(invocation.config_file);
  if (!content.ok()) return content.error();
  return LoadText(invocation, *content, plugins);
}

}  // namespace muster::config
