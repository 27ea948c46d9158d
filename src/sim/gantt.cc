#include "sim/gantt.h"

#include <algorithm>

#include "sim/cells.h"
#include "sim/plot.h"

namespace muster::sim {
namespace {

constexpr std::size_t kMostNodes = 64;
constexpr std::size_t kMostStays = 2'000;
constexpr std::size_t kMostBars = 6'000;
constexpr double kRowHeight = 18;
constexpr double kPad = 0.08;  // of a row, between nodes

// Until when each device of a node is taken.
class Lanes {
 public:
  explicit Lanes(std::int64_t devices) : until_(static_cast<std::size_t>(devices), INT64_MIN) {}

  // The lowest that are free at `from`, in runs of neighbours: first and count.
  std::vector<std::pair<std::size_t, std::size_t>> Take(std::int64_t count, std::int64_t from,
                                                        std::int64_t until) {
    std::vector<std::pair<std::size_t, std::size_t>> runs;
    for (std::size_t lane = 0; lane < until_.size() && count > 0; ++lane) {
      if (until_[lane] > from) continue;
      until_[lane] = until;
      --count;
      if (!runs.empty() && runs.back().first + runs.back().second == lane) {
        ++runs.back().second;
      } else {
        runs.emplace_back(lane, 1);
      }
    }
    return runs;
  }
  auto size() const { return static_cast<double>(until_.size()); }

 private:
  std::vector<std::int64_t> until_;
};

std::string WhyNot(const Workload& workload, const History& run) {
  if (workload.nodes.size() > kMostNodes) {
    return "The nodes are not drawn: there are " + std::to_string(workload.nodes.size()) +
           ", and the picture has room for " + std::to_string(kMostNodes) + ".";
  }
  std::size_t bars = 0;
  for (const Stay& stay : run.stays) bars += stay.nodes.size();
  if (run.stays.size() > kMostStays || bars > kMostBars) {
    return "The nodes are not drawn: " + std::to_string(run.stays.size()) + " starts on " +
           std::to_string(bars) + " places are more than the picture has room for (" +
           std::to_string(kMostStays) + " and " + std::to_string(kMostBars) + ").";
  }
  return "";
}

Axis NodesAxis(const Workload& workload) {
  const auto count = static_cast<double>(workload.nodes.size());
  Axis axis{"node", 0, count, false, {}};
  const std::size_t every = workload.nodes.size() > 32 ? 4 : 1;
  for (std::size_t i = 0; i < workload.nodes.size(); i += every) {
    axis.ticks.push_back({count - static_cast<double>(i) - 0.5, std::to_string(i)});
  }
  return axis;
}

std::string TitleOf(const Workload& workload, const Stay& stay, const Window& window) {
  const Job& job = workload.jobs[stay.job];
  return job.name + " (" + job.tenant + "), " + std::to_string(stay.devices) + " GPUs, from " +
         Span(static_cast<double>(stay.begin_ms - window.begin_ms) / 1000) + " for " +
         Span(static_cast<double>(stay.end_ms - stay.begin_ms) / 1000);
}

}  // namespace

Gantt DrawGantt(const Workload& workload, const History& run, const std::string& device_resource,
                const Colours& colours) {
  if (std::string why_not = WhyNot(workload, run); !why_not.empty()) return {"", why_not};
  const Window window = WindowOf(workload, run);
  const auto count = static_cast<double>(workload.nodes.size());
  std::vector<Lanes> lanes;
  for (const sched::Node& node : workload.nodes) {
    lanes.emplace_back(DevicesThere({{node}, {}, {}}, device_resource));
  }
  const std::string names = workload.nodes.empty()
                                ? ""
                                : " Node 0 is " + workload.nodes.front().name + ", the last " +
                                      workload.nodes.back().name + ".";
  Plot plot(
      {"gantt", "Nodes",
       "Each row is a node, each bar a job on devices of it; a pointer on a bar names the job. "
       "Jobs without devices are not shown." +
           names},
      TimeAxis("time since the first submit", window.end_ms - window.begin_ms), NodesAxis(workload),
      {880, std::max(160.0, 60 + kRowHeight * count)});
  for (const Stay& stay : run.stays) {
    Stay whole = stay;
    if (whole.end_ms < 0) whole.end_ms = window.end_ms;
    plot.OpenGroup(
        TitleOf(workload, whole, window),
        colours.size() > 1 ? colours.at(workload.jobs[stay.job].tenant) : ColourAt(stay.job));
    for (const auto& [node, devices] : stay.nodes) {
      const double row = count - static_cast<double>(node) - 1;
      for (const auto& [lane, wide] : lanes[node].Take(devices, stay.begin_ms, whole.end_ms)) {
        const double high = (1 - 2 * kPad) / lanes[node].size();
        const double low = row + kPad + static_cast<double>(lane) * high;
        plot.Rect({static_cast<double>(stay.begin_ms - window.begin_ms), low},
                  {static_cast<double>(whole.end_ms - window.begin_ms),
                   low + static_cast<double>(wide) * high},
                  "");
      }
    }
    plot.CloseGroup();
  }
  return {plot.Finish(), ""};
}

}  // namespace muster::sim
