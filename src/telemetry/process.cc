#include "telemetry/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "muster/base/text.h"

namespace muster::telemetry {
namespace {

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The line "btime 1700000000" of /proc/stat: when the machine started, Unix seconds.
std::int64_t BootTime() {
  const std::string text = ReadAll("/proc/stat");
  const std::size_t at = text.find("\nbtime ");
  if (at == std::string::npos) return 0;
  const std::size_t begin = at + 7;
  return base::ParseInt(std::string_view(text).substr(begin, text.find('\n', begin) - begin))
      .value_or(0);
}

double CountOpenFds() {
  std::error_code error;
  std::filesystem::directory_iterator it("/proc/self/fd", error);
  double count = -1;  // the iterator's own
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) ++count;
  return count < 0 ? 0 : count;
}

}  // namespace

std::optional<StatLine> ParseStatLine(std::string_view text) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 > text.size()) return std::nullopt;
  const std::vector<std::string_view> fields = base::Split(text.substr(name_end + 2), ' ');
  const auto field = [&fields](std::size_t number) -> std::optional<std::int64_t> {
    const std::size_t index = number - 3;  // the first of `fields` is number 3, the state
    if (index >= fields.size()) return std::nullopt;
    return base::ParseInt(fields[index]);
  };
  const auto user = field(14);
  const auto system = field(15);
  const auto start = field(22);
  const auto size = field(23);
  const auto pages = field(24);
  if (!user || !system || !start || !size || !pages) return std::nullopt;
  return StatLine{*user + *system, *start, *size, *pages};
}

std::optional<ProcessSample> ReadProcess() {
  const auto stat = ParseStatLine(ReadAll("/proc/self/stat"));
  if (!stat) return std::nullopt;
  static const std::int64_t boot = BootTime();
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  ProcessSample sample;
  sample.cpu_seconds = static_cast<double>(stat->cpu_ticks) / ticks;
  sample.resident_bytes =
      static_cast<double>(stat->resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
  sample.virtual_bytes = static_cast<double>(stat->virtual_bytes);
  sample.start_unix_seconds =
      static_cast<double>(boot) + static_cast<double>(stat->start_ticks) / ticks;
  sample.open_fds = CountOpenFds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    sample.max_fds = static_cast<double>(limit.rlim_cur);
  }
  return sample;
}

}  // namespace muster::telemetry
