#include "api/template_json.h"
#include "api/write_json.h"
#include "muster/base/hash.h"

namespace muster::api {
namespace {

using base::Code;
using base::Error;

// Where the user wrote the template.
std::string TemplatePath(const Job& job, const std::string& task) {
  if (job.spec.short_form) return "spec";
  for (std::size_t i = 0; i < job.spec.tasks.size(); ++i) {
    if (job.spec.tasks[i].name == task) return "spec.tasks[" + std::to_string(i) + "].template";
  }
  return "spec.tasks";
}

// Devices are called "gpu" whatever the cluster calls them.  Returns one sentence if a list has
// both names.
std::string NameDevices(const PodContext& context, const std::string& path, Json& pod) {
  const std::string& resource = context.gpu_resource;
  std::string wrong;
  EachContainer(pod, path, [&](Json& container, const std::string& at) {
    const auto resources = container.find("resources");
    if (resources == container.end() || !resources->is_object()) return;
    for (const char* key : {"requests", "limits"}) {
      const auto list = resources->find(key);
      if (list == resources->end() || !list->is_object() || !list->contains("gpu")) continue;
      if (resource != "gpu" && list->contains(resource)) {
        wrong = (context.job->spec.short_form ? "spec.resources" : at + ".resources." + key) +
                ": gpu and " + resource + " are the same: leave one out";
      }
      Json amount = (*list)["gpu"];
      list->erase("gpu");
      (*list)[resource] = std::move(amount);
    }
  });
  return wrong;
}

// An emptyDir in memory at /dev/shm of every container that has nothing there: the 64 MiB that
// runtimes give are too few for NCCL.
void AddSharedMemory(std::int64_t bytes, Json& pod) {
  constexpr char kVolume[] = "muster-shm";
  if (bytes == 0) return;
  pod["spec"]["volumes"].push_back(
      {{"name", kVolume},
       {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", FormatAmount("memory", bytes)}}}});
  EachContainer(pod, "", [&kVolume](Json& container, const std::string&) {
    Json& mounts = container["volumeMounts"];
    for (const Json& mount : mounts) {
      if (mount.value("mountPath", Json()) == "/dev/shm") return;
    }
    mounts.push_back({{"name", kVolume}, {"mountPath", "/dev/shm"}});
  });
}

// The tenant's selector goes in; a template that asks for another value stands against it.
std::string MergeSelector(const PodContext& context, const std::string& path, Json& spec) {
  if (context.tenant_spec == nullptr || context.tenant_spec->node_selector.empty()) return {};
  Json& selector = spec["nodeSelector"];
  for (const auto& [key, value] : context.tenant_spec->node_selector) {
    const auto own = selector.find(key);
    if (own != selector.end() && *own != value) {
      return path + ".spec.nodeSelector[" + key + "] must be \"" + value +
             "\" or left out: it is the placement of tenant " + context.tenant;
    }
    selector[key] = value;
  }
  return {};
}

// Pods are made beside their Job, wherever the template was copied from.
std::string CheckNamespace(const Job& job, const std::string& path, const Json& pod) {
  const auto metadata = pod.find("metadata");
  if (metadata == pod.end()) return {};
  const auto given = metadata->find("namespace");
  if (given == metadata->end() || given->is_null()) return {};
  if (*given == "" || *given == job.meta.ns) return {};
  return path + ".metadata.namespace must be \"" + job.meta.ns +
         "\" or left out: pods are in the namespace of their Job";
}

Json Metadata(const PodContext& context, const TaskSpec& task, std::int32_t index,
              const Json& from) {
  const Job& job = *context.job;
  Json out = {{"name", PodName(job, task.name, index, context.attempt)},
              {"namespace", job.meta.ns}};
  for (const char* key : {"labels", "annotations"}) {
    const auto given = from.find(key);
    out[key] = given != from.end() && given->is_object() ? *given : Json::object();
  }
  Json& labels = out["labels"];
  labels[kLabelJob] = job.meta.name;
  labels[kLabelTask] = task.name;
  labels[kLabelIndex] = std::to_string(index);
  labels[kLabelAttempt] = std::to_string(context.attempt);
  labels[kLabelTenant] = context.tenant;
  labels[kLabelFenced] = "true";
  out["annotations"][kAnnotationEpoch] = std::to_string(context.epoch);
  out["ownerReferences"] = Json::array({{{"apiVersion", "scheduler.io/v1"},
                                         {"kind", "Job"},
                                         {"name", job.meta.name},
                                         {"uid", job.meta.uid},
                                         {"controller", true},
                                         {"blockOwnerDeletion", false}}});
  return out;
}

// What Muster says about a pod besides its containers.
void FillSpec(const PodContext& context, const TaskSpec& task, std::int32_t index, Json& spec) {
  const Job& job = *context.job;
  spec["schedulerName"] = kSchedulerName;
  // An explicit null would become the core's default, Always.
  if (spec["restartPolicy"].is_null()) spec["restartPolicy"] = "Never";
  spec["hostname"] = PodHostname(job, task.name, index);
  if (PodCount(job) >= 2) spec["subdomain"] = job.meta.name;
}

base::Result<std::string> Render(const PodContext& context, const TaskSpec& task,
                                 std::int32_t index, const std::string& node) {
  const std::string path = TemplatePath(*context.job, task.name);
  Json pod = Json::parse(task.template_json.str(), nullptr, false);
  for (const auto check : {&CheckShape, &CheckRefused}) {
    std::string wrong = check(pod, path);
    if (!wrong.empty()) return Error{Code::kInvalid, std::move(wrong)};
  }
  std::string wrong = CheckNamespace(*context.job, path, pod);
  Json out = {{"apiVersion", "v1"}, {"kind", "Pod"}};
  out["metadata"] = Metadata(context, task, index, pod.value("metadata", Json::object()));
  out["spec"] = std::move(pod["spec"]);
  if (wrong.empty()) wrong = NameDevices(context, path, out);
  FillSpec(context, task, index, out["spec"]);
  AddSharedMemory(context.job->spec.shared_memory_bytes, out);
  AddEnvironment(context, task, index, out);
  if (wrong.empty()) wrong = MergeSelector(context, path, out["spec"]);
  if (wrong.empty() && context.tenant_spec != nullptr) {
    wrong = ApplySecurity(context.tenant_spec->security, path, out);
  }
  if (!wrong.empty()) return Error{Code::kInvalid, std::move(wrong)};
  if (node.empty()) {
    out["metadata"]["name"] = out["metadata"]["name"].get<std::string>() + "-dry";
  } else {
    out["spec"]["nodeName"] = node;
  }
  return ToText(out);
}

}  // namespace

std::string PodHostname(const Job& job, const std::string& task, std::int32_t index) {
  return job.meta.name + '-' + task + '-' + std::to_string(index);
}

std::string PodName(const Job& job, const std::string& task, std::int32_t index,
                    std::int32_t attempt) {
  const std::string seed = job.meta.uid + '/' + std::to_string(attempt);
  return PodHostname(job, task, index) + '-' + base::HashText(seed, 5);
}

base::Result<std::string> RenderPod(const PodContext& context, const TaskSpec& task,
                                    std::int32_t index, const std::string& node) {
  try {
    return Render(context, task, index, node);
  } catch (const std::exception& e) {
    return Error{Code::kInvalid, TemplatePath(*context.job, task.name) +
                                     " cannot be read as a pod template: " + e.what()};
  }
}

}  // namespace muster::api
