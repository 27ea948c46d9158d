#include "muster/sim/report.h"
#include "sim/cells.h"

namespace muster::sim {
namespace {

constexpr std::size_t kNeverShown = 10;

std::string Row(const std::string& name, const Waits& waits) {
  std::string row = "  " + Left(name, 20) + Right(std::to_string(waits.jobs), 8);
  for (const double span : {waits.mean_s, waits.median_s, waits.p99_s, waits.longest_s}) {
    row += Right(Span(span), 11);
  }
  return row + Right(Number(waits.mean_slowdown, 2), 10) +
         Right(Number(waits.p99_slowdown, 1), 10) + "\n";
}

std::string Header(const std::string& name) {
  return "\n  " + Left(name, 20) + Right("jobs", 8) + Right("mean wait", 11) + Right("median", 11) +
         Right("p99", 11) + Right("longest", 11) + Right("slowdown", 10) + Right("p99", 10) + "\n";
}

}  // namespace

std::string ToText(const Report& report) {
  std::string text = std::to_string(report.all.jobs) + " of " + std::to_string(report.submitted) +
                     " jobs ended in " + Span(report.makespan_s);
  if (report.killed > 0) text += ", " + std::to_string(report.killed) + " at their bound";
  text += "\nutilisation " + Number(report.utilisation * 100, 1) +
          " % while jobs came; idle while jobs waited " + Number(report.idle_device_hours, 0) +
          " device-hours\n";
  if (report.evictions > 0) {
    text += std::to_string(report.evictions) + " evictions; " + Number(report.lost_share * 100, 2) +
            " % of device time went into restarts and repeated work\n";
  }
  text += Header("") + Row("all", report.all) + Header("by devices");
  for (const auto& [size, waits] : report.by_size) text += Row(size, waits);
  if (report.by_tenant.size() > 1) {
    text += Header("by tenant");
    for (const auto& [tenant, waits] : report.by_tenant) text += Row(tenant, waits);
  }
  if (!report.never.empty()) {
    text += "\n" + std::to_string(report.never.size()) + " jobs never start:\n";
    for (std::size_t i = 0; i < std::min(kNeverShown, report.never.size()); ++i) {
      text += "  " + report.never[i] + "\n";
    }
  }
  return text;
}

std::string EventLog(const Workload& workload, const History& run) {
  std::string log = "seconds\tevent\tjob\ttext\n";
  for (const Event& event : run.events) {
    log += Number(static_cast<double>(event.at.unix_ms) / 1000, 3) + "\t" +
           std::string(ToString(event.kind)) + "\t" + workload.jobs[event.job].name + "\t" +
           event.text + "\n";
  }
  return log;
}

}  // namespace muster::sim
