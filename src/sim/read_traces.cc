// Published traces of whole devices: Standard Workload Format and Philly.
#include <algorithm>
#include <limits>
#include <set>

#include "muster/base/text.h"
#include "muster/sim/read.h"
#include "sim/read_workload.h"
#include "sim/rows.h"

namespace muster::sim {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostReplicas = 1'000'000;
constexpr std::size_t kDigits = 7;  // of the numbers in names

// Fields of a line of SWF, from 0.
enum Swf { kNumber, kSubmit, kWait, kRun, kAllocated, kRequested = 7, kRequestedTime, kUser = 11 };

Task MakeTask(const std::string& name, std::int64_t replicas, std::int64_t devices,
              const std::string& device_resource) {
  Task task;
  task.name = name;
  task.replicas = static_cast<std::int32_t>(replicas);
  task.shape.request = {{device_resource, devices}};
  return task;
}

void Arrange(std::vector<Job>& jobs) {
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.submit < b.submit; });
}

}  // namespace

std::vector<sched::Node> MakeNodes(const Machine& machine, const std::string& device_resource) {
  std::vector<sched::Node> nodes;
  for (std::int64_t i = 0; i < machine.nodes; ++i) {
    sched::Node node;
    node.name = Numbered("node-", i, kDigits);
    node.ready = true;
    node.allocatable = {{device_resource, machine.gpus_per_node}};
    nodes.push_back(std::move(node));
  }
  return nodes;
}

namespace {

base::Result<std::vector<Job>> ReadSwf(const Text& trace, const TraceShape& shape) {
  Rows rows(trace, ' ');
  std::vector<Job> jobs;
  std::set<std::string> names;
  while (rows.Next()) {
    const std::int64_t run = rows.Int(kRun, "run time", -1, kMost);
    const std::int64_t allocated = rows.Int(kAllocated, "allocated processors", -1, kMostReplicas);
    std::int64_t asked = rows.Int(kRequested, "requested processors", -1, kMostReplicas);
    if (asked < 1) asked = allocated;
    Job job;
    job.name = Numbered("job-", rows.Int(kNumber, "job number", 0, kMost), kDigits);
    job.submit = {rows.Int(kSubmit, "submit time", 0, kMost) * 1000};
    job.tenant = "all";
    job.user = "user-" + std::to_string(rows.Int(kUser, "user", -1, kMost));
    const std::int64_t requested = rows.Int(kRequestedTime, "requested time", -1, kMost);
    if (run < 1 || asked < 1) continue;
    if (!names.insert(job.name).second) rows.Fail(kNumber, "this job number was there before");
    job.tasks.push_back(MakeTask("main", asked, 1, shape.device_resource));
    job.run_ms = run * 1000;
    job.bound_ms = requested < 1 ? 0 : std::max(run, requested) * 1000;
    jobs.push_back(std::move(job));
  }
  if (rows.error()) return *rows.error();
  Arrange(jobs);
  return jobs;
}

base::Result<std::vector<Job>> ReadPhilly(const Text& trace, const TraceShape& shape) {
  Rows rows(trace, ',');
  rows.Next();
  const std::size_t tenant = rows.Column("vc"), submit = rows.Column("submit_s");
  const std::size_t gpus = rows.Column("num_gpus"), duration = rows.Column("duration_s");
  std::vector<Job> jobs;
  for (std::int64_t number = 0; rows.Next(); ++number) {
    Job job;
    job.submit = {rows.Int(submit, "submit_s", 0, kMost) * 1000};
    job.run_ms = rows.Int(duration, "duration_s", 1, kMost) * 1000;
    const std::int64_t devices = rows.Int(gpus, "num_gpus", 1, kMostReplicas);
    if (rows.error()) break;  // the fields are there
    job.tenant = rows.Field(tenant);
    if (!shape.vc.empty() && job.tenant != shape.vc) continue;
    job.name = Numbered(job.tenant + "-", number, kDigits);
    const std::int64_t most = shape.gpus_per_node;
    const std::int64_t whole = devices / most, rest = devices % most;
    if (whole > 0) job.tasks.push_back(MakeTask("main", whole, most, shape.device_resource));
    if (rest > 0) job.tasks.push_back(MakeTask("rest", 1, rest, shape.device_resource));
    jobs.push_back(std::move(job));
  }
  if (rows.error()) return *rows.error();
  Arrange(jobs);
  return jobs;
}

}  // namespace

base::Result<std::vector<Job>> ReadJobs(const Text& trace, const TraceShape& shape) {
  Rows rows(trace, ',');
  if (!rows.Next()) return base::Error{base::Code::kInvalid, trace.file + ":1:1: it has no jobs"};
  if (rows.fields() > 1 && rows.Has("vc")) return ReadPhilly(trace, shape);
  const bool swf = rows.fields() == 1 &&
                   base::ParseInt(rows.Field(0).substr(0, rows.Field(0).find_first_of(" \t")));
  if (swf) return ReadSwf(trace, shape);
  rows.Fail(0, "this is neither Standard Workload Format nor a CSV with a column vc");
  return *rows.error();
}

std::vector<sched::Tenant> TenantsOf(const std::vector<Job>& jobs) {
  std::set<std::string> names;
  for (const Job& job : jobs) names.insert(job.tenant);
  std::vector<sched::Tenant> tenants;
  for (const std::string& name : names) tenants.emplace_back().name = name;
  return tenants;
}

}  // namespace muster::sim
