// The configuration file as a flat list of values.  Private to config.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"
#include "muster/base/result.h"

namespace muster::config {

struct FileEntry {
  std::string path;  // a path of the table
  RawValue value;
};

// `name` is the file's name in messages.  kInvalid: not YAML, an unknown or repeated name, a
// section where a value belongs or the other way round.
base::Result<std::vector<FileEntry>> ParseConfigFile(const std::string& name,
                                                     std::string_view yaml);

}  // namespace muster::config
