// What a simulation is given: a cluster and the jobs that come to it.
//
// Plain values.  Times are in ms since the trace began (a base::TimePoint only by type).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/sched/types.h"

namespace muster::sim {

struct Task {
  std::string name = "main";
  sched::Shape shape;  // of one replica
  std::int32_t replicas = 1;
};

struct Job {
  std::string name;  // unique
  std::string tenant;
  std::string user;
  base::TimePoint submit;
  std::vector<Task> tasks;        // not empty
  std::int32_t min_replicas = 0;  // it may start with so many, in all; 0: only with all of them
  std::int32_t priority = 500;
  std::int64_t run_ms = 0;         // what it really takes from its start, restarts apart; > 0
  std::int64_t bound_ms = 0;       // maxRuntimeSeconds: it is ended then; 0: none
  std::int64_t checkpoint_ms = 0;  // progress is kept this often; 0: never
  std::int64_t restart_ms = 0;     // what each start after the first costs before it goes on
};

struct Workload {
  std::vector<sched::Node> nodes;      // ready and not cordoned
  std::vector<sched::Tenant> tenants;  // every job's tenant is among them
  std::vector<Job> jobs;               // by submit, then name
};

// Whole devices of all replicas.
std::int64_t Devices(const Job& job, const std::string& device_resource);

// Whole devices of all nodes.
std::int64_t DevicesThere(const Workload& workload, const std::string& device_resource);

}  // namespace muster::sim
