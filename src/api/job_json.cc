// Job: the spec.  The short form becomes the one task that it stands for.
#include "api/read_json.h"
#include "muster/api/priority.h"
#include "muster/base/quantity.h"

namespace muster::api {
namespace {

// Kubernetes wants limits equal to requests for what cannot be shared by time, and memory beyond a
// request is the first to be killed.
bool LimitedToo(std::string_view resource) {
  return resource == "gpu" || resource == "memory" || resource.starts_with("hugepages-") ||
         resource.find('/') != std::string_view::npos;
}

Json ContainerResources(const Fields& spec) {
  Json out = Json::object();
  const Json* resources = spec.Raw("resources");
  spec.Resources("resources");  // complains about what is no quantity
  if (resources == nullptr || !resources->is_object()) return out;
  for (const auto& [name, amount] : resources->items()) {
    const Json text = amount.is_string() ? amount : Json(amount.dump());
    out["requests"][name] = text;
    if (LimitedToo(name)) out["limits"][name] = text;
  }
  return out;
}

// What of the short form is copied into the container as it stands.
void CopyList(const Fields& spec, const char* key, Json& container) {
  const Json* value = spec.Raw(key);
  if (value == nullptr) return;
  if (value->is_array()) {
    container[key] = *value;
  } else {
    spec.Complain(key, "must be a list");
  }
}

TaskSpec ShortForm(const Fields& spec) {
  Json container = {{"name", "main"}, {"image", spec.Text("image")}};
  for (const char* key : {"command", "args", "env"}) CopyList(spec, key, container);
  Json resources = ContainerResources(spec);
  if (!resources.empty()) container["resources"] = std::move(resources);
  Json pod = {{"spec", {{"containers", Json::array({std::move(container)})}}}};
  return {"main", spec.Int32("replicas", 1, 1), pod.dump()};
}

void ReadTasks(const Fields& spec, JobSpec& out) {
  out.short_form = spec.Has("image");
  if (out.short_form == spec.Has("tasks")) {
    spec.Complain("image", "or spec.tasks must be given, and not both");
    return;
  }
  if (out.short_form) {
    out.tasks.push_back(ShortForm(spec));
    return;
  }
  spec.Each("tasks", [&out](const Fields& in) {
    TaskSpec task;
    task.name = in.Text("name");
    task.replicas = in.Int32("replicas", 1, 1);
    const Fields pod = in.At("template");
    if (pod.present()) task.template_json = pod.json()->dump();
    if (task.name.empty()) in.Complain("name", "must be given");
    if (!pod.present()) in.Complain("template", "must be given");
    out.tasks.push_back(std::move(task));
  });
  if (out.tasks.empty()) spec.Complain("tasks", "must name at least one task");
}

void ReadPriority(const Fields& spec, JobSpec& out) {
  const Json* priority = spec.Raw("priority");
  if (priority == nullptr) return;
  if (priority->is_number()) {
    out.priority_value = static_cast<std::int32_t>(spec.Int("priority", 0, {0, 10'000}));
  } else {
    out.priority_class = spec.Text("priority");
    if (PriorityOf(out.priority_class.str())) return;
    spec.Complain("priority", "must be critical, high, normal, low, scavenger or a number");
    out.priority_class.clear();
  }
}

void ReadRetry(const Fields& in, RetryPolicy& out) {
  out.max_retries = in.Int32("maxRetries", 0);
  out.backoff = in.Text("backoffPolicy", "exponential");
  out.initial_delay_seconds = in.Int("initialDelaySeconds", 10);
  out.max_delay_seconds = in.Int("maxDelaySeconds", 300);
}

void ReadPreemption(const Fields& in, JobPreemption& out) {
  out.policy = in.Text("policy", "LowerPriority");
  out.max_preemptions = in.Int32("maxPreemptions", 5);
  out.min_runtime_seconds = in.Int("minRuntimeSeconds", 0);
  out.grace_period_seconds = in.Int("gracePeriodSeconds", -1);
}

}  // namespace

void ReadJobSpec(const Fields& spec, JobSpec& out) {
  ReadTasks(spec, out);
  const Fields gang = spec.At("gang");
  out.min_member = gang.Int32("minMember", 0);
  out.gang_timeout_seconds = gang.Int("timeoutSeconds", 600);
  ReadPriority(spec, out);
  const Fields gpu = spec.At("gpu");
  out.gpu_model = gpu.Text("model");
  out.shared_memory_bytes = spec.Quantity("sharedMemory", Fields::Unit::kWhole, 0);
  out.deadline = spec.Time("deadline");
  out.max_runtime_seconds = spec.Int("maxRuntimeSeconds", 0);
  out.active_deadline_seconds = spec.Int("activeDeadlineSeconds", 0);
  const Fields retry = spec.At("retryPolicy");
  ReadRetry(retry, out.retry);
  const Fields preemption = spec.At("preemption");
  ReadPreemption(preemption, out.preemption);
  out.pod_replacement_policy = spec.Text("podReplacementPolicy", "Failed");
  out.unreachable_seconds = spec.Int("unreachableSeconds", 300, {1, 86'400});
  out.suspend = spec.Flag("suspend");
  out.cancel = spec.Flag("cancel");
  if (spec.Has("ttlSecondsAfterFinished")) {
    out.ttl_seconds_after_finished = spec.Int("ttlSecondsAfterFinished", 0);
  }
}

void Read(const Fields& spec, const Fields& status, Job& out) {
  ReadJobSpec(spec, out.spec);
  ReadJobStatus(status, out.status);
}

}  // namespace muster::api
