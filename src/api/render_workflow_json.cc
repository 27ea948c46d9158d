#include "api/write_json.h"
#include "muster/api/render_workflow.h"

namespace muster::api {
namespace {

constexpr std::size_t kMaxHostname = 63;  // RFC 1123 label

std::int64_t ReplicasOf(const Json& spec) {
  const auto replicas = spec.find("replicas");
  if (replicas == spec.end() || !replicas->is_number_integer()) return 1;
  return std::max<std::int64_t>(1, replicas->get<std::int64_t>());
}

Json Metadata(const Workflow& workflow, const std::string& name) {
  Json meta = {{"name", name},
               {"namespace", workflow.meta.ns},
               {"labels", {{kLabelWorkflow, workflow.meta.name}}},
               {"ownerReferences", Json::array({{{"apiVersion", "scheduler.io/v1"},
                                                 {"kind", "Workflow"},
                                                 {"name", workflow.meta.name},
                                                 {"uid", workflow.meta.uid},
                                                 {"controller", true},
                                                 {"blockOwnerDeletion", false}}})}};
  if (const auto user = workflow.meta.annotations.find(kAnnotationUser);
      user != workflow.meta.annotations.end()) {
    meta["annotations"] = {{kAnnotationUser, user->second}};
  }
  return meta;
}

}  // namespace

std::string WorkflowJobName(const Workflow& workflow, const WorkflowTask& task) {
  return workflow.meta.name + "-" + task.name;
}

base::Result<std::string> RenderWorkflowJob(const Workflow& workflow, const WorkflowTask& task) {
  Json spec = Json::parse(task.job_spec_json, nullptr, false);
  if (!spec.is_object()) {
    return base::Error{base::Code::kInvalid, "task " + task.name + " is not an object"};
  }
  const std::string name = WorkflowJobName(workflow, task);
  const std::string hostname = name + "-main-" + std::to_string(ReplicasOf(spec) - 1);
  if (hostname.size() > kMaxHostname) {
    return base::Error{base::Code::kInvalid,
                       "pod hostname " + hostname + " has " + std::to_string(hostname.size()) +
                           " characters, at most 63; shorten the name of the Workflow or the task"};
  }
  const Json job = {{"apiVersion", "scheduler.io/v1"},
                    {"kind", "Job"},
                    {"metadata", Metadata(workflow, name)},
                    {"spec", std::move(spec)}};
  return ToText(job);
}

}  // namespace muster::api
