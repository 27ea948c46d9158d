#include "muster/sim/html.h"

#include "sim/cells.h"
#include "sim/pictures.h"
#include "sim/plot.h"

namespace muster::sim {
namespace {

constexpr std::size_t kMostRows = 40;    // of the table of tenants
constexpr std::size_t kNeverShown = 20;  // jobs
constexpr std::size_t kMostText = 300;   // of one of them

constexpr char kStyle[] =
    "body{font:15px/1.45 system-ui,sans-serif;color:#111;background:#fff;max-width:920px;"
    "margin:2em auto;padding:0 1em}\n"
    "h1{font-size:1.5em}h2{font-size:1.15em;margin:1.6em 0 .2em}h3{font-size:1em;margin:.6em 0 0}\n"
    "p.how{margin:.2em 0;color:#333}svg{width:100%;height:auto;display:block}\n"
    "svg text{font:12px system-ui,sans-serif;fill:#111}\n"
    ".end{text-anchor:end}.middle{text-anchor:middle}\n"
    ".grid{stroke:#ddd}.axis{stroke:#111;fill:none}\n"
    ".line{fill:none;stroke-width:1.6}.dashed{fill:none;stroke-width:1.4;stroke-dasharray:6 4}\n"
    ".band{fill-opacity:.25}g rect{stroke:#fff;stroke-width:.4}\n"
    "table{border-collapse:collapse;margin:.6em 0}td,th{padding:.15em .7em;text-align:right}\n"
    "th{border-bottom:1px solid #111}td:first-child,th:first-child{text-align:left}\n"
    ".tenants{display:grid;grid-template-columns:1fr 1fr;gap:0 12px}\n"
    ".key{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em}\n";

std::string Row(const std::string& name, const Waits& waits) {
  std::string row = "<tr><td>" + Escape(name) + "</td><td>" + std::to_string(waits.jobs) + "</td>";
  for (const double span : {waits.mean_s, waits.median_s, waits.p99_s, waits.longest_s}) {
    row += "<td>" + Span(span) + "</td>";
  }
  return row + "<td>" + Number(waits.mean_slowdown, 2) + "</td><td>" +
         Number(waits.p99_slowdown, 1) + "</td></tr>\n";
}

std::string Header(const std::string& name) {
  return "<tr><th>" + name +
         "</th><th>jobs</th><th>mean wait</th><th>median</th><th>p99</th><th>longest</th>"
         "<th>slowdown</th><th>p99</th></tr>\n";
}

std::string Summary(const Report& report, std::size_t nodes, std::int64_t devices) {
  std::string text = "<p>" + std::to_string(report.all.jobs) + " of " +
                     std::to_string(report.submitted) + " jobs ended in " +
                     Span(report.makespan_s) + " on " + std::to_string(nodes) + " nodes with " +
                     std::to_string(devices) + " GPUs";
  if (report.killed > 0) text += ", " + std::to_string(report.killed) + " at their bound";
  text += ". Utilisation " + Number(report.utilisation * 100, 1) +
          " % while jobs came; idle while jobs waited " + Number(report.idle_device_hours, 0) +
          " device-hours. " + std::to_string(report.evictions) + " evictions; " +
          Number(report.lost_share * 100, 2) +
          " % of device time went into restarts and repeated work.</p>\n";
  return text + "<table>\n" + Header("") + Row("all", report.all) + "</table>\n";
}

std::string SizesTable(const Report& report) {
  std::string text = "<table>\n" + Header("GPUs");
  for (const auto& [size, waits] : report.by_size) text += Row(size, waits);
  return text + "</table>\n";
}

std::string TenantsTable(const Report& report) {
  std::string text = "<table>\n" + Header("tenant");
  std::size_t rows = 0;
  for (const auto& [tenant, waits] : report.by_tenant) {
    if (++rows > kMostRows) break;
    text += Row(tenant, waits);
  }
  text += "</table>\n";
  if (rows > kMostRows) {
    text += "<p class=\"how\">The first " + std::to_string(kMostRows) + " of " +
            std::to_string(report.by_tenant.size()) + " tenants; the JSON report has all.</p>\n";
  }
  return text;
}

std::string Never(const Report& report) {
  if (report.never.empty()) return "";
  std::string text =
      "<h2>" + std::to_string(report.never.size()) + " jobs never start</h2>\n<ul>\n";
  for (std::size_t i = 0; i < std::min(kNeverShown, report.never.size()); ++i) {
    text += "<li>" + Escape(report.never[i].substr(0, kMostText)) + "</li>\n";
  }
  return text + "</ul>\n";
}

// A heading, how to read what follows, and the picture.
std::string Section(const std::string& title, const std::string& how, const std::string& svg) {
  return "<h2>" + title + "</h2>\n<p class=\"how\">" + how + "</p>\n" + svg;
}

std::string Tenants(const Workload& workload, const History& run,
                    const std::string& device_resource, const Colours& colours) {
  const TenantPlots plots = DrawTenants(workload, run, device_resource, colours);
  std::string text =
      "<h2>GPUs in use by tenant</h2>\n<p class=\"how\">By device time. Dashed: what the tenant is "
      "entitled to, its guarantee, or where it states none its part of the GPUs by weight among "
      "its "
      "siblings.";
  if (plots.left_out > 0) {
    text += " " + std::to_string(plots.left_out) + " tenants with less are left out.";
  }
  text += "</p>\n<div class=\"tenants\">\n";
  for (const std::string& svg : plots.svgs) {
    const std::size_t at = svg.find("-t\">") + 4;
    text += "<div><h3>" + svg.substr(at, svg.find("</title>") - at) + "</h3>" + svg + "</div>\n";
  }
  return text + "</div>\n";
}

std::string Nodes(const Workload& workload, const History& run, const std::string& device_resource,
                  const Colours& colours) {
  const Gantt gantt = DrawGantt(workload, run, device_resource, colours);
  if (gantt.svg.empty()) return "<h2>Nodes</h2>\n<p>" + gantt.why_not + "</p>\n";
  std::string key = "Each row is a node, each bar a job on some of its GPUs.";
  std::size_t shown = 0;
  for (const auto& [tenant, colour] : colours) {
    if (++shown > 12 || colours.size() == 1) break;
    key += "<span class=\"key\" style=\"background:" + colour + "\"></span>" + Escape(tenant);
  }
  return Section("Nodes", key, gantt.svg);
}

}  // namespace

std::string ToHtml(const Workload& workload, const History& run, const Report& report,
                   const std::string& device_resource) {
  const std::int64_t devices = DevicesThere(workload, device_resource);
  const Colours colours = ColoursOf(workload);
  return "<!DOCTYPE html>\n<html lang=\"en\" "
         "xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta "
         "charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>A "
         "run of muster-sim</title>\n<style>\n" +
         std::string(kStyle) + "</style>\n</head>\n<body>\n<h1>A run of muster-sim</h1>\n" +
         Summary(report, workload.nodes.size(), devices) + Never(report) +
         Section("GPUs in use",
                 "The line is the mean, the band goes from least to most; dashed: what there is.",
                 DrawUse(workload, run, devices)) +
         Section("Jobs waiting", "The line is the mean, the band goes from least to most.",
                 DrawQueue(workload, run)) +
         Section("Wait by size",
                 "Box: the middle half of the jobs, with the median; whiskers: 5th to 99th "
                 "percentile; dot: the longest. Logarithmic; below a second stands at 1 s.",
                 DrawWaits(report)) +
         Section("Bounded slowdown by size",
                 "(wait + run) over the run, of at least 10 s; boxes as above.",
                 DrawSlowdowns(report)) +
         SizesTable(report) + Tenants(workload, run, device_resource, colours) +
         TenantsTable(report) + Nodes(workload, run, device_resource, colours) +
         "</body>\n</html>\n";
}

}  // namespace muster::sim
