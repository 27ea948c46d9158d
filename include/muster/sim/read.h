// Traces as they are published, and workload files of our own, read into a Workload.
//
// Errors: kInvalid with one sentence "file:line:column: what is wrong"; kNotFound or kUnavailable
// when a file cannot be read.  Threads: pure functions but for ReadAll.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "muster/base/result.h"
#include "muster/sched/policy.h"
#include "muster/sim/workload.h"

namespace muster::sim {

// A file, plain or gzipped; "-": standard input.
base::Result<std::string> ReadAll(const std::string& path);

// `file` is the name in messages.
struct Text {
  std::string file;
  std::string_view text;
};

// Equal nodes of one kind of device, named node-0001 and so on.
struct Machine {
  std::int64_t nodes = 1;
  std::int64_t gpus_per_node = 8;
};
std::vector<sched::Node> MakeNodes(const Machine& machine, const std::string& device_resource);

// How a trace is to be read.
struct TraceShape {
  std::string vc;  // of a Philly trace: this virtual cluster alone; empty: all
  std::int64_t gpus_per_node = 8;
  std::string device_resource = "nvidia.com/gpu";
  std::string model_label = "nvidia.com/gpu.product";  // node label for what a file calls "model"
};

// Jobs of a trace, by submit; what its first line looks like says which kind it is:
//
//   Standard Workload Format 2.2 (https://www.cs.huji.ac.il/labs/parallel/workload/swf.html)
//     A job of n processors asks for n replicas of one device; the requested time is its bound.
//     Jobs that never ran (run time or processors below 1) are left out.
//   Philly CSV: vc, submit_s, num_gpus, duration_s
//     Each virtual cluster is a tenant; a job is replicas of up to `gpus_per_node` devices.
base::Result<std::vector<Job>> ReadJobs(const Text& trace, const TraceShape& shape);

// The machine that the header comments of a trace in SWF tell of: MaxProcs devices on MaxNodes
// nodes, or where that does not divide, on nodes of up to 8; nothing if they say nothing.
std::optional<Machine> MachineOfHeader(std::string_view text);

// One tenant for each name that the jobs use, without limits.
std::vector<sched::Tenant> TenantsOf(const std::vector<Job>& jobs);

// What is to be run, as a person says it.
struct Source {
  std::string jobs;   // a trace, or a workload file (docs/simulator.md) that may have nodes too
  std::string nodes;  // NODESxGPUS, or a workload file with nodes and perhaps tenants; empty: those
                      // of `jobs`, then of its header comments, then 50x8
  std::string vc;     // of a Philly trace: this virtual cluster alone
};

// All of it read and put together.  Tenants that jobs name and nobody describes have no limits.
base::Result<Workload> ReadWorkload(const Source& source, const sched::Policy& policy);

}  // namespace muster::sim
