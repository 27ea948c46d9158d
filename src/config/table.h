// The one table of settings.  Reading, --help, the reference page and the check of what may change
// while running are all driven by it.  Private to config.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"

namespace muster::config {

enum class Reload {
  kHot,      // a change of the file takes effect while the program runs
  kRestart,  // refused until the program starts again
};

struct Setting {
  std::string_view path;  // in the file: "lease.renewDeadline"
  Field field;
  Reload reload;
  std::string_view doc;  // one sentence
};

const std::vector<Setting>& Table();

const Setting* FindSetting(std::string_view path);
// Whether some setting lies below `path`: "lease" is a section.
bool IsSection(std::string_view path);

std::string FlagName(std::string_view path);      // "--lease-renew-deadline"
std::string VariableName(std::string_view path);  // "GPU_SCHEDULER_LEASE_RENEW_DEADLINE"

// " (did you mean x?)" with the nearest of `known`, or nothing when none is near.
std::string DidYouMean(std::string_view name, const std::vector<std::string>& known);

}  // namespace muster::config
