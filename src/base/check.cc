#include "muster/base/check.h"

#include <cstdio>
#include <cstdlib>

#include "muster/base/result.h"

namespace muster::base {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}

std::string_view ToString(Code code) {
  switch (code) {
    case Code::kNotFound:
      return "NotFound";
    case Code::kConflict:
      return "Conflict";
    case Code::kExists:
      return "Exists";
    case Code::kGone:
      return "Gone";
    case Code::kThrottled:
      return "Throttled";
    case Code::kUnavailable:
      return "Unavailable";
    case Code::kInvalid:
      return "Invalid";
    case Code::kForbidden:
      return "Forbidden";
    case Code::kInternal:
      return "Internal";
  }
  return "Internal";
}

}  // namespace muster::base
