// Whole files as text.
//
// Threads: pure functions but for the file system.
#pragma once

#include <string>

#include "muster/base/result.h"

namespace muster::kube {

// kNotFound if there is none, else kInvalid: "<path> cannot be read: <why>".
base::Result<std::string> ReadFile(const std::string& path);

}  // namespace muster::kube
