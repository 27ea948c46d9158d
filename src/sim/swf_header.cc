// What the header comments of the Standard Workload Format say of the machine.
#include <algorithm>

#include "muster/base/text.h"
#include "muster/sim/read.h"

namespace muster::sim {
namespace {

constexpr std::int64_t kMost = 1'000'000;
constexpr std::int64_t kWidest = 8;  // devices of a node, where nothing says how many

// Of "; MaxProcs: 128"; 0: it is another line, or says nothing that counts.
std::int64_t NumberOf(std::string_view line, std::string_view name) {
  line.remove_prefix(std::min(line.find_first_not_of("; \t"), line.size()));
  if (line.substr(0, name.size()) != name) return 0;
  line.remove_prefix(name.size());
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.empty() || line.front() != ':') return 0;
  line.remove_prefix(1);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const auto number = base::ParseInt(line.substr(0, digits));
  return number && *number <= kMost ? *number : 0;
}

}  // namespace

std::optional<Machine> MachineOfHeader(std::string_view text) {
  std::int64_t processors = 0, nodes = 0;
  while (!text.empty() && (text.front() == ';' || text.front() == '\n')) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    processors = std::max(processors, NumberOf(line, "MaxProcs"));
    nodes = std::max(nodes, NumberOf(line, "MaxNodes"));
  }
  if (processors == 0) processors = nodes;
  if (processors == 0) return std::nullopt;
  if (nodes > 0 && nodes < processors && processors % nodes == 0) {
    return Machine{nodes, processors / nodes};
  }
  std::int64_t width = kWidest;
  while (processors % width != 0) --width;
  return Machine{processors / width, width};
}

}  // namespace muster::sim
