// MUSTER_CHECK(condition): a broken invariant of ours ends the process with file and line.
// Never for input from outside.
#pragma once

namespace muster::base {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace muster::base

#define MUSTER_CHECK(condition) \
  ((condition) ? void(0) : ::muster::base::CheckFailed(#condition, __FILE__, __LINE__))
