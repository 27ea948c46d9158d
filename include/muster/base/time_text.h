// RFC 3339 times, as Kubernetes writes them.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "muster/base/clock.h"
#include "muster/base/result.h"

namespace muster::base {

// "2024-01-01T12:00:00Z"; fractions of a second are cut.
std::string FormatTime(TimePoint t);
// With microseconds, the form of metav1.MicroTime: "2024-01-01T12:00:00.123000Z".
std::string FormatMicroTime(TimePoint t);
// Absolute UTC to the minute, for people: "2024-01-01 12:00".
std::string FormatMinute(TimePoint t);
// Accepts any RFC 3339 offset and fraction.  kInvalid otherwise.
Result<TimePoint> ParseTime(std::string_view text);
// "45s", "12m", "3h20m", "2d4h": at most two units.
std::string FormatDuration(std::int64_t milliseconds);

}  // namespace muster::base
