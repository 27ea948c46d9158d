#include "muster/base/time_text.h"

#include <cstdio>
#include <ctime>

#include "muster/base/text.h"

namespace muster::base {
namespace {

std::tm ToTm(TimePoint t) {
  std::int64_t seconds = t.unix_ms / 1000;
  if (t.unix_ms % 1000 < 0) --seconds;
  const auto time = static_cast<std::time_t>(seconds);
  std::tm tm{};
  gmtime_r(&time, &tm);
  return tm;
}

std::string Format(TimePoint t, const char* pattern) {
  const std::tm tm = ToTm(t);
  char text[40];
  return {text, std::strftime(text, sizeof text, pattern, &tm)};
}

Error Bad(std::string_view text) {
  return {Code::kInvalid,
          "\"" + std::string(text.substr(0, 64)) + "\" is not a time such as 2024-01-01T12:00:00Z"};
}

}  // namespace

std::string FormatTime(TimePoint t) { return Format(t, "%Y-%m-%dT%H:%M:%SZ"); }
std::string FormatMinute(TimePoint t) { return Format(t, "%Y-%m-%d %H:%M"); }

std::string FormatMicroTime(TimePoint t) {
  char fraction[12];
  std::snprintf(fraction, sizeof fraction, ".%03d000Z", static_cast<int>(t.unix_ms % 1000));
  return Format(t, "%Y-%m-%dT%H:%M:%S") + fraction;
}

Result<TimePoint> ParseTime(std::string_view text) {
  std::tm tm{};
  if (text.size() < 20 || text.size() > 40) return Bad(text);
  const std::string head(text.substr(0, 19));
  const char* end = strptime(head.c_str(), "%Y-%m-%dT%H:%M:%S", &tm);
  if (end == nullptr || *end != '\0') return Bad(text);
  std::string_view rest = text.substr(19);
  std::int64_t ms = 0;
  if (rest.front() == '.') {
    rest.remove_prefix(1);
    int digits = 0;
    for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1), ++digits) {
      if (digits < 3) ms = ms * 10 + (rest[0] - '0');
    }
    if (digits == 0) return Bad(text);
    for (; digits < 3; ++digits) ms *= 10;
  }
  std::int64_t offset_s = 0;
  if (rest != "Z" && rest != "z") {
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return Bad(text);
    const auto hours = ParseInt(rest.substr(1, 2));
    const auto minutes = ParseInt(rest.substr(4, 2));
    if (!hours || !minutes || *hours < 0 || *minutes < 0) return Bad(text);
    offset_s = (*hours * 3600 + *minutes * 60) * (rest[0] == '-' ? -1 : 1);
  }
  return TimePoint{(static_cast<std::int64_t>(timegm(&tm)) - offset_s) * 1000 + ms};
}

std::string FormatDuration(std::int64_t milliseconds) {
  const std::int64_t s = milliseconds / 1000;
  const auto two = [](std::int64_t a, const char* ua, std::int64_t b, const char* ub) {
    std::string out = std::to_string(a) + ua;
    if (b > 0) out += std::to_string(b) + ub;
    return out;
  };
  if (s < 60) return std::to_string(s) + "s";
  if (s < 3600) return two(s / 60, "m", s % 60, "s");
  if (s < 86400) return two(s / 3600, "h", s % 3600 / 60, "m");
  return two(s / 86400, "d", s % 86400 / 3600, "h");
}

}  // namespace muster::base
