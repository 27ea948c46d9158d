// scheduler.io/v1 Workflow (crds/workflows.yaml): tasks with dependencies, each a Job.
//
// Plain values.
#pragma once

#include <string>
#include <vector>

#include "muster/api/meta.h"

namespace muster::api {

struct WorkflowTask {
  std::string name;
  std::vector<std::string> dependencies;
  std::string job_spec_json;  // the short-form JobSpec of the task: all its fields but name and
                              // dependencies, as JSON
};

struct WorkflowTaskStatus {
  std::string name;
  std::string phase;  // Waiting, or the phase of its Job

  friend bool operator==(const WorkflowTaskStatus&, const WorkflowTaskStatus&) = default;
};

struct WorkflowStatus {
  std::int64_t observed_generation = 0;
  std::int64_t epoch = 0;
  std::string phase;  // Pending Running Succeeded Failed
  std::string done;   // column: 3/7
  std::int32_t running = 0;
  std::string message;
  std::vector<WorkflowTaskStatus> tasks;
  std::vector<Condition> conditions;
  base::TimePoint start_time;
  base::TimePoint completion_time;

  friend bool operator==(const WorkflowStatus&, const WorkflowStatus&) = default;
};

struct Workflow {
  Meta meta;
  std::string invalid;
  std::vector<WorkflowTask> tasks;
  WorkflowStatus status;
};

}  // namespace muster::api
