#include "controllers/workflow/graph.h"

#include <map>
#include <optional>

#include "muster/api/render_workflow.h"
#include "muster/base/text.h"

namespace muster::op {
namespace {

using Graph = std::vector<std::vector<std::size_t>>;

std::string PathOf(std::size_t task) { return "spec.tasks[" + std::to_string(task) + "]"; }

std::map<std::string, std::size_t> IndexByName(const api::Workflow& workflow) {
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < workflow.tasks.size(); ++i) index.emplace(workflow.tasks[i].name, i);
  return index;
}

std::string WhyNotNames(const api::Workflow& workflow) {
  const auto index = IndexByName(workflow);
  for (std::size_t i = 0; i < workflow.tasks.size(); ++i) {
    const api::WorkflowTask& task = workflow.tasks[i];
    if (index.at(task.name) != i) {
      return PathOf(i) + ".name: " + task.name + " is the name of " + PathOf(index.at(task.name)) +
             " too; task names are unique";
    }
    for (std::size_t d = 0; d < task.dependencies.size(); ++d) {
      if (index.contains(task.dependencies[d])) continue;
      return PathOf(i) + ".dependencies[" + std::to_string(d) + "]: no task is called " +
             task.dependencies[d];
    }
  }
  return "";
}

// A cycle among the tasks that InOrder left out, from its first task back to it.
std::string NameCycle(const api::Workflow& workflow, const Graph& graph,
                      const std::vector<std::size_t>& order) {
  std::vector<bool> placed(graph.size(), false);
  for (const std::size_t task : order) placed[task] = true;
  std::size_t at = 0;
  while (placed[at]) ++at;
  // Every task left out depends on another one left out: following that must come back.
  std::vector<std::size_t> path;
  std::vector<std::optional<std::size_t>> seen_at(graph.size());
  while (!seen_at[at]) {
    seen_at[at] = path.size();
    path.push_back(at);
    for (const std::size_t next : graph[at]) {
      if (placed[next]) continue;
      at = next;
      break;
    }
  }
  std::vector<std::string> names;
  for (std::size_t i = *seen_at[at]; i < path.size(); ++i) {
    names.push_back(workflow.tasks[path[i]].name);
  }
  names.push_back(workflow.tasks[at].name);
  return PathOf(at) +
         ".dependencies: tasks wait for each other in a circle: " + base::Join(names, " -> ") +
         "; remove one of these dependencies";
}

std::string WhyNotJobs(const api::Workflow& workflow) {
  for (std::size_t i = 0; i < workflow.tasks.size(); ++i) {
    const auto job = api::RenderWorkflowJob(workflow, workflow.tasks[i]);
    if (!job.ok()) return PathOf(i) + ".name: " + job.error().message;
  }
  return "";
}

}  // namespace

Graph DependenciesOf(const api::Workflow& workflow) {
  const auto index = IndexByName(workflow);
  Graph graph(workflow.tasks.size());
  for (std::size_t i = 0; i < workflow.tasks.size(); ++i) {
    for (const std::string& name : workflow.tasks[i].dependencies) {
      if (const auto it = index.find(name); it != index.end()) graph[i].push_back(it->second);
    }
  }
  return graph;
}

std::vector<std::size_t> InOrder(const Graph& dependencies) {
  std::vector<std::size_t> missing(dependencies.size());
  Graph dependents(dependencies.size());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < dependencies.size(); ++i) {
    missing[i] = dependencies[i].size();
    for (const std::size_t on : dependencies[i]) dependents[on].push_back(i);
    if (missing[i] == 0) order.push_back(i);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    for (const std::size_t task : dependents[order[next]]) {
      if (--missing[task] == 0) order.push_back(task);
    }
  }
  return order;
}

std::string WhyNotWorkflow(const api::Workflow& workflow) {
  if (!workflow.invalid.empty()) return workflow.invalid;
  if (workflow.tasks.empty()) return "spec.tasks: must name at least one task";
  if (std::string why = WhyNotNames(workflow); !why.empty()) return why;
  const Graph graph = DependenciesOf(workflow);
  const std::vector<std::size_t> order = InOrder(graph);
  if (order.size() < graph.size()) return NameCycle(workflow, graph, order);
  return WhyNotJobs(workflow);
}

}  // namespace muster::op
