// Small workloads for tests of the simulator: one tenant "a" unless another is named, devices only.
#pragma once

#include <string>

#include "muster/sim/engine.h"
#include "muster/sim/read.h"

namespace muster::sim::testing {

inline constexpr char kDevice[] = "nvidia.com/gpu";

inline Job MakeJob(const std::string& name, std::int64_t submit_s, std::int64_t run_s,
                   std::int64_t devices, std::int32_t replicas = 1) {
  Job job;
  job.name = name;
  job.tenant = "a";
  job.submit = {submit_s * 1000};
  job.run_ms = run_s * 1000;
  Task task;
  task.replicas = replicas;
  task.shape.request = {{kDevice, devices}};
  job.tasks.push_back(task);
  return job;
}

inline Workload MakeWorkload(std::int64_t nodes, std::vector<Job> jobs) {
  Workload workload;
  Machine machine;
  machine.nodes = nodes;
  workload.nodes = MakeNodes(machine, kDevice);
  workload.tenants = TenantsOf(jobs);
  workload.jobs = std::move(jobs);
  return workload;
}

}  // namespace muster::sim::testing
