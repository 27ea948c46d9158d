// A workload of any form: which it is, and what it leaves open.
#include "sim/read_workload.h"

#include <algorithm>
#include <set>

#include "muster/base/text.h"
#include "sim/rows.h"

namespace muster::sim {
namespace {

constexpr Machine kDefaultMachine = {50, 8};

// The first line that is no comment begins a map.
bool IsYaml(const Text& file) {
  Rows rows(file, ' ');
  if (!rows.Next()) return false;
  const std::string_view first = rows.Field(0);
  return first == "---" || first.front() == '{' || first == "nodes:" || first == "tenants:" ||
         first == "jobs:";
}

base::Result<Workload> ReadYaml(const Text& file, const TraceShape& shape) {
  const auto document = ParseYaml(file);
  if (!document.ok()) return document.error();
  Complaints complaints(file.file);
  Fields fields(*document, "", complaints);
  Workload workload;
  workload.nodes = ReadNodes(fields, shape, complaints);
  workload.tenants = ReadTenants(fields, shape, complaints);
  workload.jobs = ReadYamlJobs(fields, shape, complaints);
  fields.End();
  if (complaints.error()) return *complaints.error();
  return workload;
}

std::optional<Machine> ParseMachine(const std::string& text) {
  const auto parts = base::Split(text, 'x');
  if (parts.size() != 2) return std::nullopt;
  const auto nodes = base::ParseInt(parts[0]), gpus = base::ParseInt(parts[1]);
  if (!nodes || !gpus || *nodes < 1 || *gpus < 1 || *nodes > 1'000'000 || *gpus > 1'000) {
    return std::nullopt;
  }
  return Machine{*nodes, *gpus};
}

bool LooksLikeMachine(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789x-") == std::string::npos;
}

// --nodes: a machine, or a file with nodes and perhaps tenants.
base::Result<Workload> ReadNodesOf(const Source& source, const TraceShape& shape) {
  Workload cluster;
  if (source.nodes.empty()) return cluster;
  if (const auto machine = ParseMachine(source.nodes)) {
    cluster.nodes = MakeNodes(*machine, shape.device_resource);
    return cluster;
  }
  if (LooksLikeMachine(source.nodes)) {
    return base::Error{base::Code::kInvalid,
                       "--nodes is \"" + source.nodes +
                           "\", neither a file nor NODESxGPUS such as 50x8 (up to 1000000 nodes of "
                           "up to 1000 GPUs)"};
  }
  const auto text = ReadAll(source.nodes);
  if (!text.ok()) return text.error();
  auto read = ReadYaml({source.nodes, *text}, shape);
  if (!read.ok()) return read;
  if (read->nodes.empty()) {
    return base::Error{base::Code::kInvalid, source.nodes + ":1:1: it has no nodes"};
  }
  if (!read->jobs.empty()) {
    return base::Error{base::Code::kInvalid,
                       source.nodes + ":1:1: it has jobs too; give it as --jobs, without --nodes"};
  }
  return read;
}

std::int64_t LargestNode(const std::vector<sched::Node>& nodes, const std::string& resource) {
  std::int64_t most = 0;
  for (const sched::Node& node : nodes) {
    for (const auto& [name, amount] : node.allocatable) {
      if (name == resource) most = std::max(most, amount);
    }
  }
  return most;
}

void AddMissingTenants(Workload& workload) {
  std::set<std::string> known;
  for (const sched::Tenant& tenant : workload.tenants) known.insert(tenant.name);
  for (sched::Tenant& tenant : TenantsOf(workload.jobs)) {
    if (!known.contains(tenant.name)) workload.tenants.push_back(std::move(tenant));
  }
}

base::Result<Workload> Join(Workload cluster, Workload jobs, const Source& source) {
  const std::string both = ": --nodes " + source.nodes + " has them too";
  if (!cluster.nodes.empty() && !jobs.nodes.empty()) {
    return base::Error{base::Code::kInvalid, source.jobs + ": it has nodes" + both};
  }
  if (!cluster.tenants.empty() && !jobs.tenants.empty()) {
    return base::Error{base::Code::kInvalid, source.jobs + ": it has tenants" + both};
  }
  if (jobs.nodes.empty()) jobs.nodes = std::move(cluster.nodes);
  if (jobs.tenants.empty()) jobs.tenants = std::move(cluster.tenants);
  return jobs;
}

}  // namespace

base::Result<Workload> ReadWorkload(const Source& source, const sched::Policy& policy) {
  TraceShape shape;
  shape.vc = source.vc;
  shape.device_resource = policy.device_resource;
  shape.model_label = policy.model_label;
  auto cluster = ReadNodesOf(source, shape);
  if (!cluster.ok()) return cluster;
  const auto text = ReadAll(source.jobs);
  if (!text.ok()) return text.error();
  const Text file{source.jobs, *text};
  Workload read;
  if (IsYaml(file)) {
    auto yaml = ReadYaml(file, shape);
    if (!yaml.ok()) return yaml;
    read = std::move(*yaml);
  } else {
    const Machine machine = MachineOfHeader(file.text).value_or(kDefaultMachine);
    if (cluster->nodes.empty()) cluster->nodes = MakeNodes(machine, shape.device_resource);
    const std::int64_t largest = LargestNode(cluster->nodes, shape.device_resource);
    shape.gpus_per_node = std::max<std::int64_t>(largest, 1);
    auto jobs = ReadJobs(file, shape);
    if (!jobs.ok()) return jobs.error();
    read.jobs = std::move(*jobs);
  }
  if (read.jobs.empty()) {
    return base::Error{base::Code::kInvalid, source.jobs + ": no job in it is to be run"};
  }
  auto workload = Join(std::move(*cluster), std::move(read), source);
  if (!workload.ok()) return workload;
  if (workload->nodes.empty()) workload->nodes = MakeNodes(kDefaultMachine, shape.device_resource);
  AddMissingTenants(*workload);
  return workload;
}

}  // namespace muster::sim
