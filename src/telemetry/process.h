// What the kernel says about this process.  Private to telemetry.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::telemetry {

struct ProcessSample {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double start_unix_seconds = 0;
  double open_fds = 0;
  double max_fds = 0;
};

// The parts of /proc/<pid>/stat (proc(5)): fields 14 utime, 15 stime, 22 starttime in ticks, 23
// vsize in bytes, 24 rss in pages; field 2 may hold spaces and parentheses.
struct StatLine {
  std::int64_t cpu_ticks = 0;
  std::int64_t start_ticks = 0;  // after boot
  std::int64_t virtual_bytes = 0;
  std::int64_t resident_pages = 0;
};
std::optional<StatLine> ParseStatLine(std::string_view text);

// Nothing where /proc is not there.
std::optional<ProcessSample> ReadProcess();

}  // namespace muster::telemetry
