#include "muster/config/config_file.h"

#include <algorithm>

#include "config/table.h"
#include "muster/base/hash.h"

namespace muster::config {
namespace {

// What cannot be read has a hash too, so that it is reported once.
std::uint64_t HashOf(const base::Result<std::string>& content) {
  return content.ok() ? base::StableHash("content " + *content)
                      : base::StableHash("error " + content.error().message);
}

bool Differ(const Settings& a, const Settings& b) {
  return std::any_of(Table().begin(), Table().end(), [&](const Setting& setting) {
    return ShowField(setting.field, a) != ShowField(setting.field, b);
  });
}

}  // namespace

ConfigFile::ConfigFile(Invocation invocation, Settings running, PluginCheck plugins)
    : invocation_(std::move(invocation)),
      running_(std::move(running)),
      plugins_(std::move(plugins)) {}

std::optional<base::Result<Settings>> ConfigFile::Poll() {
  if (invocation_.config_file.empty()) return std::nullopt;
  const base::Result<std::string> content = ReadFile(invocation_.config_file);
  const std::uint64_t hash = HashOf(content);
  const bool settled = hash == seen_;
  seen_ = hash;
  if (!settled || hash == reported_) return std::nullopt;
  reported_ = hash;
  base::Result<Settings> judged = Judge(content);
  const bool recovered = refused_ && judged.ok();
  refused_ = !judged.ok();
  if (refused_) return judged;
  const bool changed = Differ(running_, *judged);
  running_ = *judged;
  if (!changed && !recovered) return std::nullopt;
  return judged;
}

base::Result<Settings> ConfigFile::Judge(const base::Result<std::string>& content) const {
  if (!content.ok()) return content.error();
  return LoadText(invocation_, *content, plugins_, &running_);
}

}  // namespace muster::config
