#include <nlohmann/json.hpp>

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

}  // namespace

std::string ToJson(const Report& report) {
  Json by_size = Json::object();
  for (const auto& [size, waits] : report.by_size) by_size[size] = ToJsonValue(waits);
  Json by_tenant = Json::object();
  for (const auto& [tenant, waits] : report.by_tenant) by_tenant[tenant] = ToJsonValue(waits);
  const Json json = {{"submitted", report.submitted},
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
  return json.dump(2) + "\n";
}

}  // namespace muster::sim
