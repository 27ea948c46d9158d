// The table of settings as text: for --help, for --print-config and for docs/reference/config.md.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "muster/config/settings.h"

namespace muster::config {

std::string HelpText();

// docs/reference/config.md, whole.
std::string ReferenceMarkdown();

// The settings whose path starts with `prefix` (all when empty, "policy." the policy alone) as the
// YAML that gives them.
std::string ToYaml(const Settings& settings, std::string_view prefix = {});

}  // namespace muster::config
