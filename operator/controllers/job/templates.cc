// What a template's pods will be: asked of the API server by a dry run, once for all jobs that
// share it.
#include <algorithm>
#include <utility>

#include "controllers/job/reconciler.h"
#include "muster/api/codec.h"
#include "muster/base/log.h"

namespace muster::op {

using base::Code;
using base::Result;

namespace {

// Between two dry runs of a template that has no good answer: doubled each time.
constexpr std::int64_t kAskAgainMs = 500;
constexpr std::int64_t kAskAgainMostMs = 60'000;

// Whether it says anything of the template.
bool IsAnswer(const Result<std::string>& answer) {
  return answer.ok() || answer.error().code == Code::kInvalid ||
         answer.error().code == Code::kForbidden;
}

}  // namespace

void JobReconciler::AskTemplate(state::JobEntry& entry, std::int32_t task) {
  state::Template* found = TemplateOf(entry, task);
  if (found == nullptr || found->state == state::TemplateState::kAsked) return;
  const std::string tenant = state_.TenantOf(entry.job.meta.ns);
  const Result<std::string> pod =
      api::RenderPod(Context(entry, tenant), entry.job.spec.tasks[task], 0, "");
  if (found->state == state::TemplateState::kRefused) {
    found->retry_at_ms = state_.clock().BootMs() + kAskAgainMostMs;  // in force until answered
  } else {
    found->state = state::TemplateState::kAsked;
  }
  const std::string model = entry.job.spec.gpu_model;
  const std::string template_key = found->key;  // it may be gone before the answer
  if (!pod.ok()) {
    TakeTemplate(template_key, model, pod.error());
    return;
  }
  ++counters_.dry_runs;
  actuator_.CreatePod(entry.job.meta.ns, *pod, true,
                      [this, template_key, model](const Result<std::string>& answer) {
                        TakeTemplate(template_key, model, answer);
                      });
}

void JobReconciler::TakeTemplate(const std::string& template_key, const std::string& model,
                                 const Result<std::string>& answer) {
  state::Template* found = state_.templates().Find(template_key);
  if (found == nullptr) return;
  if (IsAnswer(answer)) found->trouble.clear();
  if (answer.ok()) {
    api::Pod pod = api::Decode<api::Pod>(*answer);
    found->grace_seconds = pod.grace_seconds;
    if (!pod.invalid.empty()) pod.needs.unsupported = pod.invalid;
    found->refusal.clear();
    found->failures = 0;
    found->state = state::TemplateState::kGood;
    state_.DescribeTemplate(*found, model, pod);
  } else if (kube::ExceedsQuota(answer.error())) {
    found->state = state::TemplateState::kQuota;
    found->refusal = answer.error().message;
    found->retry_at_ms = state_.clock().BootMs() + 5'000;
  } else {
    TakeTemplateError(*found, answer.error());
  }
  state_.MarkJobsOf(*found);
}

// What a template is itself does not change; what others forbid (a policy, a missing ServiceAccount
// or PriorityClass, a pod-security label) may be allowed later, and nothing tells us when.
void JobReconciler::TakeTemplateError(state::Template& found, const base::Error& error) {
  const std::int64_t wait_ms =
      std::min(kAskAgainMostMs, kAskAgainMs << std::min(found.failures++, 10));
  if (error.code == Code::kInvalid || error.code == Code::kForbidden) {
    found.state = state::TemplateState::kRefused;
    found.refusal = error.message;
    found.retry_at_ms = error.code == Code::kInvalid ? 0 : state_.clock().BootMs() + wait_ms;
    return;
  }
  if (found.trouble.empty()) found.trouble_since_ms = state_.clock().BootMs();
  found.trouble = error.message;
  base::LogInfo("no answer about a template", {{"namespace", found.ns}, {"error", error.message}});
  found.state = state::TemplateState::kQuota;
  found.refusal.clear();
  found.retry_at_ms = state_.clock().BootMs() + wait_ms;
}

}  // namespace muster::op
