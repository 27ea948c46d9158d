// A task of a Workflow as the Job that it stands for.
//
// Threads: pure functions.
#pragma once

#include <string>

#include "muster/api/workflow.h"
#include "muster/base/result.h"

namespace muster::api {

// `<workflow>-<task>`.
std::string WorkflowJobName(const Workflow& workflow, const WorkflowTask& task);

// The Job of one task, owned by the Workflow.  kInvalid with one sentence when its name leaves no
// room for the names of its pods (63 characters).
base::Result<std::string> RenderWorkflowJob(const Workflow& workflow, const WorkflowTask& task);

}  // namespace muster::api
