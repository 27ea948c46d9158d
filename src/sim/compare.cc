#include "muster/sim/compare.h"

#include <algorithm>

#include "sim/cells.h"

namespace muster::sim {
namespace {

constexpr std::size_t kNameWidth = 26;

std::string Value(const Figure& figure, double value) {
  return figure.is_time ? Span(value) : Number(value, figure.decimals);
}

}  // namespace

const std::vector<Figure>& Figures() {
  static const std::vector<Figure> figures = {
      {"mean wait", "meanWaitSeconds", true, 0, [](const Report& r) { return r.all.mean_s; }},
      {"median wait", "medianWaitSeconds", true, 0, [](const Report& r) { return r.all.median_s; }},
      {"p99 wait", "p99WaitSeconds", true, 0, [](const Report& r) { return r.all.p99_s; }},
      {"longest wait", "longestWaitSeconds", true, 0,
       [](const Report& r) { return r.all.longest_s; }},
      {"mean completion", "meanCompletionSeconds", true, 0,
       [](const Report& r) { return r.all.mean_completion_s; }},
      {"mean bounded slowdown", "meanBoundedSlowdown", false, 2,
       [](const Report& r) { return r.all.mean_slowdown; }},
      {"p99 bounded slowdown", "p99BoundedSlowdown", false, 1,
       [](const Report& r) { return r.all.p99_slowdown; }},
      {"utilisation %", "utilisationPercent", false, 1,
       [](const Report& r) { return r.utilisation * 100; }},
      {"idle while jobs waited, h", "idleDeviceHours", false, 0,
       [](const Report& r) { return r.idle_device_hours; }},
      {"makespan", "makespanSeconds", true, 0, [](const Report& r) { return r.makespan_s; }},
      {"evictions", "evictions", false, 0,
       [](const Report& r) { return static_cast<double>(r.evictions); }},
      {"restarts and lost work %", "lostPercent", false, 2,
       [](const Report& r) { return r.lost_share * 100; }},
      {"ended at their bound", "killedAtBound", false, 0,
       [](const Report& r) { return static_cast<double>(r.killed); }},
      {"never started", "never", false, 0,
       [](const Report& r) { return static_cast<double>(r.never.size()); }},
  };
  return figures;
}

std::string CompareText(const std::vector<Side>& sides) {
  if (sides.empty()) return "";
  std::size_t width = 12;
  for (const Side& side : sides) width = std::max(width, side.name.size() + 2);
  std::string text = Left("", kNameWidth) + Right(sides[0].name, width);
  for (std::size_t i = 1; i < sides.size(); ++i) {
    text += Right(sides[i].name, width) + Right("ratio", 9);
  }
  text += "\n";
  for (const Figure& figure : Figures()) {
    const double first = figure.of(sides[0].report);
    text += Left(figure.title, kNameWidth) + Right(Value(figure, first), width);
    for (std::size_t i = 1; i < sides.size(); ++i) {
      const double value = figure.of(sides[i].report);
      text +=
          Right(Value(figure, value), width) + Right(first > 0 ? Number(value / first, 3) : "-", 9);
    }
    text += "\n";
  }
  return text;
}

}  // namespace muster::sim
