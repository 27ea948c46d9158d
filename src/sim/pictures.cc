#include "sim/pictures.h"

#include <algorithm>
#include <array>

#include "sim/plot.h"

namespace muster::sim {
namespace {

constexpr std::size_t kPoints = 240;
constexpr std::size_t kSmallPoints = 120;
constexpr std::size_t kMostTenants = 12;
constexpr std::string_view kBlue = "#0072b2";
constexpr std::string_view kGrey = "#444444";
// Okabe and Ito, "Color universal design" (2008), without black and yellow.
constexpr std::array<const char*, 6> kPalette = {"#0072b2", "#d55e00", "#009e73",
                                                 "#cc79a7", "#56b4e9", "#e69f00"};

// A level over time as a line of means in a band from least to most; ends of `plot` are those of
// the window.
void DrawLevel(Plot& plot, const std::vector<Bucket>& buckets, const Window& window,
               std::string_view colour) {
  std::vector<Plot::Point> mean, low, high;
  const auto length = static_cast<double>(window.end_ms - window.begin_ms);
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const double at = length * (static_cast<double>(i) + 0.5) / static_cast<double>(buckets.size());
    mean.push_back({at, buckets[i].mean});
    low.push_back({at, static_cast<double>(buckets[i].least)});
    high.push_back({at, static_cast<double>(buckets[i].most)});
  }
  plot.Band(low, high, colour);
  plot.Line(mean, colour);
}

double Highest(const std::vector<Bucket>& buckets) {
  std::int64_t most = 0;
  for (const Bucket& bucket : buckets) most = std::max(most, bucket.most);
  return static_cast<double>(most);
}

std::string DrawSeries(const Caption& caption, const std::string& unit, const Steps& steps,
                       const Window& window, std::int64_t ceiling) {
  const std::vector<Bucket> buckets = Bucketed(steps, window, kPoints);
  const double most = std::max(Highest(buckets), static_cast<double>(ceiling));
  const auto length = static_cast<double>(window.end_ms - window.begin_ms);
  Plot plot(caption, TimeAxis("time since the first submit", window.end_ms - window.begin_ms),
            LinearAxis(unit, most));
  DrawLevel(plot, buckets, window, kBlue);
  const auto line = static_cast<double>(ceiling);
  if (ceiling > 0) plot.Line({{0, line}, {length, line}}, kGrey, true);
  return plot.Finish();
}

// Of each size a box from the first to the third quartile with the median, whiskers from p5 to p99,
// and a dot for the largest.
std::string DrawBoxes(const Caption& caption, const Axis& y, const Report& report,
                      const Quantiles& (*of)(const Waits&)) {
  Axis x{"GPUs of the job",
         0,
         static_cast<double>(std::max<std::size_t>(report.by_size.size(), 1)),
         false,
         {}};
  for (std::size_t i = 0; i < report.by_size.size(); ++i) {
    x.ticks.push_back({static_cast<double>(i) + 0.5, report.by_size[i].first});
  }
  Plot plot(caption, x, y);
  for (std::size_t i = 0; i < report.by_size.size(); ++i) {
    const Quantiles& q = of(report.by_size[i].second);
    const double middle = static_cast<double>(i) + 0.5;
    plot.Line({{middle, q.p5}, {middle, q.p99}}, kGrey);
    plot.Rect({middle - 0.25, q.p25}, {middle + 0.25, q.p75}, "#9ecae1");
    plot.Line({{middle - 0.25, q.median}, {middle + 0.25, q.median}}, kBlue);
    plot.Mark({middle, q.longest}, kGrey);
  }
  return plot.Finish();
}

constexpr char kBoxes[] =
    " Boxes hold the middle half of the jobs, with a line at the median; whiskers go from the 5th "
    "to the 99th percentile, and the dot is the largest.";

double LargestOf(const Report& report, double (*of)(const Waits&)) {
  double most = 0;
  for (const auto& [size, waits] : report.by_size) most = std::max(most, of(waits));
  return most;
}

// What a tenant may always have of the devices: its guarantee, or without one its part by weight.
double Entitlement(const Workload& workload, const std::string& name,
                   const std::string& device_resource, std::int64_t devices) {
  const sched::Tenant& tenant =
      *std::find_if(workload.tenants.begin(), workload.tenants.end(),
                    [&](const sched::Tenant& one) { return one.name == name; });
  for (const auto& [resource, amount] : tenant.guaranteed) {
    if (resource == device_resource) return static_cast<double>(amount);
  }
  double all = 0;
  for (const sched::Tenant& other : workload.tenants) {
    if (other.parent == tenant.parent) all += static_cast<double>(other.weight_milli);
  }
  return all > 0 ? static_cast<double>(devices) * static_cast<double>(tenant.weight_milli) / all
                 : 0;
}

double DeviceTime(const Steps& steps) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
    sum += static_cast<double>(steps[i].second) *
           static_cast<double>(steps[i + 1].first - steps[i].first);
  }
  return sum;
}

}  // namespace

std::string DrawUse(const Workload& workload, const History& run, std::int64_t devices) {
  Steps steps;
  for (const Level& level : run.levels) steps.emplace_back(level.at_ms, level.used);
  return DrawSeries({"use", "GPUs in use",
                     "The line is the mean, the band goes from least to most; the dashed line is "
                     "what the nodes have."},
                    "GPUs", steps, WindowOf(workload, run), devices);
}

std::string DrawQueue(const Workload& workload, const History& run) {
  Steps steps;
  for (const Level& level : run.levels) steps.emplace_back(level.at_ms, level.queue);
  return DrawSeries(
      {"queue", "Jobs waiting", "The line is the mean, the band goes from least to most."}, "jobs",
      steps, WindowOf(workload, run), 0);
}

std::string DrawWaits(const Report& report) {
  const double most = LargestOf(report, [](const Waits& w) { return w.wait.longest; });
  return DrawBoxes(
      {"waits", "Wait by size", std::string("Waits below a second stand at 1 s.") + kBoxes},
      LogTimeAxis("wait", most), report, [](const Waits& w) -> const Quantiles& { return w.wait; });
}

std::string DrawSlowdowns(const Report& report) {
  const double most = LargestOf(report, [](const Waits& w) { return w.slowdown.longest; });
  return DrawBoxes({"slowdowns", "Bounded slowdown by size",
                    std::string("(wait + run) over the run, of at least 10 s.") + kBoxes},
                   LogAxis("slowdown", most), report,
                   [](const Waits& w) -> const Quantiles& { return w.slowdown; });
}

TenantPlots DrawTenants(const Workload& workload, const History& run,
                        const std::string& device_resource, const Colours& colours) {
  auto all = StepsByTenant(workload, run);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return DeviceTime(a.second) > DeviceTime(b.second);
  });
  TenantPlots plots;
  if (all.size() > kMostTenants) {
    plots.left_out = all.size() - kMostTenants;
    all.resize(kMostTenants);
  }
  const Window window = WindowOf(workload, run);
  const std::int64_t devices = DevicesThere(workload, device_resource);
  std::vector<std::vector<Bucket>> buckets;
  std::vector<double> entitled;
  double most = 0;  // one scale for all
  for (const auto& [name, steps] : all) {
    buckets.push_back(Bucketed(steps, window, kSmallPoints));
    entitled.push_back(Entitlement(workload, name, device_resource, devices));
    most = std::max({most, Highest(buckets.back()), entitled.back()});
  }
  const auto length = static_cast<double>(window.end_ms - window.begin_ms);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string& name = all[i].first;
    Plot plot({"tenant-" + std::to_string(i), name,
               "GPUs in use by tenant " + name + " over time; dashed, what it is entitled to."},
              TimeAxis("time since the first submit", window.end_ms - window.begin_ms),
              LinearAxis("GPUs", most), {430, 190});
    DrawLevel(plot, buckets[i], window, colours.at(name));
    plot.Line({{0, entitled[i]}, {length, entitled[i]}}, kGrey, true);
    plots.svgs.push_back(plot.Finish());
  }
  return plots;
}

std::string ColourAt(std::size_t i) { return kPalette[i % kPalette.size()]; }

Colours ColoursOf(const Workload& workload) {
  Colours colours;
  for (const sched::Tenant& tenant : workload.tenants) colours[tenant.name];
  std::size_t i = 0;
  for (auto& [name, colour] : colours) colour = ColourAt(i++);
  return colours;
}

}  // namespace muster::sim
