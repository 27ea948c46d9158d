// The tasks of a Workflow as a graph: what is wrong with it, and in which order it is walked.
//
// Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "muster/api/workflow.h"

namespace muster::op {

// One sentence with the path of the field and the fix: a task named twice, a dependency that is no
// task, a cycle (named in full), a name too long for pods.  Empty: nothing.
std::string WhyNotWorkflow(const api::Workflow& workflow);

// Indexes of dependencies by task.  REQUIRES: WhyNotWorkflow is empty.
std::vector<std::vector<std::size_t>> DependenciesOf(const api::Workflow& workflow);

// Every task after its dependencies; tasks of a cycle are left out.
std::vector<std::size_t> InOrder(const std::vector<std::vector<std::size_t>>& dependencies);

}  // namespace muster::op
