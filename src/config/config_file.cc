#include "muster/config/config_file.h"

#include "config/table.h"
#include "muster/base/hash.h"

namespace muster::config {
namespace {

// What cannot be read has a hash too, so that it is reported once.
std::uint64_t HashOf(const base::Result<std::string>& content) {
  return content.ok() ? base::StableHash("content " + *content)
                      : base::StableHash("error " + content.error().message);
}

// The first setting that differs and is one of those that `counts`.
template <class Counts>
const Setting* FirstDifference(const Settings& a, const Settings& b, const Counts& counts) {
  for (const Setting& setting : Table()) {
    if (counts(setting) && ShowField(setting.field, a) != ShowField(setting.field, b)) {
      return &setting;
    }
  }
  return nullptr;
}

}  // namespace

ConfigFile::ConfigFile(Invocation invocation, Settings running, PluginCheck is_plugin)
    : invocation_(std::move(invocation)),
      running_(std::move(running)),
      is_plugin_(std::move(is_plugin)) {}

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
  const bool changed = FirstDifference(running_, *judged, [](const Setting&) { return true; });
  running_ = *judged;
  if (!changed && !recovered) return std::nullopt;
  return judged;
}

base::Result<Settings> ConfigFile::Judge(const base::Result<std::string>& content) const {
  if (!content.ok()) return content.error();
  base::Result<Settings> next = LoadText(invocation_, *content, is_plugin_);
  if (!next.ok()) return next;
  const Setting* fixed = FirstDifference(
      running_, *next, [](const Setting& s) { return s.reload == Reload::kRestart; });
  if (fixed == nullptr) return next;
  return base::Error{base::Code::kInvalid,
                     invocation_.config_file + ": " + std::string(fixed->path) +
                         ": cannot change from \"" + ShowField(fixed->field, running_) +
                         "\" to \"" + ShowField(fixed->field, *next) +
                         "\" while the program runs; restart it for that"};
}

}  // namespace muster::config
