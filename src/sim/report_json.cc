#include <nlohmann/json.hpp>

#include "muster/sim/compare.h"
#include "muster/sim/report.h"

namespace muster::sim {
namespace {

using Json = nlohmann::ordered_json;

Json ToJsonValue(const Waits& waits) {
  return {{"jobs", waits.jobs},
          {"meanWaitSeconds", waits.mean_s},
          {"medianWaitSeconds", waits.median_s},
          {"p99WaitSeconds", waits.p99_s},
          {"longestWaitSeconds", waits.longest_s},
          {"meanCompletionSeconds", waits.mean_completion_s},
          {"meanBoundedSlowdown", waits.mean_slowdown},
          {"p99BoundedSlowdown", waits.p99_slowdown}};
}

Json ToJsonValue(const Report& report) {
  Json by_size = Json::object();
  for (const auto& [size, waits] : report.by_size) by_size[size] = ToJsonValue(waits);
  Json by_tenant = Json::object();
  for (const auto& [tenant, waits] : report.by_tenant) by_tenant[tenant] = ToJsonValue(waits);
  return {{"submitted", report.submitted},
          {"killedAtBound", report.killed},
          {"all", ToJsonValue(report.all)},
          {"byDevices", by_size},
          {"byTenant", by_tenant},
          {"utilisation", report.utilisation},
          {"makespanSeconds", report.makespan_s},
          {"idleDeviceHours", report.idle_device_hours},
          {"evictions", report.evictions},
          {"lostShare", report.lost_share},
          {"cycles", report.cycles},
          {"never", report.never}};
}

}  // namespace

std::string ToJson(const Report& report) { return ToJsonValue(report).dump(2) + "\n"; }

std::string CompareJson(const std::vector<Side>& sides) {
  Json policies = Json::array();
  for (const Side& side : sides) {
    Json ratios = Json::object();
    for (const Figure& figure : Figures()) {
      const double first = figure.of(sides[0].report);
      if (first > 0) ratios[figure.key] = figure.of(side.report) / first;
    }
    policies.push_back(
        {{"name", side.name}, {"report", ToJsonValue(side.report)}, {"ratios", ratios}});
  }
  return Json{{"policies", policies}}.dump(2) + "\n";
}

}  // namespace muster::sim
