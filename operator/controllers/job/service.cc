// The headless Service by which the pods of a gang find each other.
#include <algorithm>

#include "controllers/job/reconciler.h"
#include "muster/api/codec.h"
#include "muster/kube/paths.h"

namespace muster::op {

using base::Code;
using base::Result;

void JobReconciler::CreateService(state::JobEntry& entry) {
  entry.ledger.service_done = true;
  actuator_.CreateService(
      entry.job.meta.ns, api::RenderService(entry.job),
      [this, key = entry.key, uid = entry.job.meta.uid](const Result<std::string>& answer) {
        TakeService(key, uid, answer);
      });
}

// Without its Service a gang cannot find itself: a name that somebody else has is told.
void JobReconciler::TakeService(const std::string& key, const std::string& uid,
                                const Result<std::string>& answer) {
  state::JobEntry* entry = Same(key, uid);
  if (entry == nullptr || answer.ok()) return;
  const std::string& name = entry->job.meta.name;
  const Code code = answer.error().code;
  if (code == Code::kExists) {
    actuator_.Read(
        kube::ObjectPath(kube::kServices, entry->job.meta.ns, name),
        [this, key, uid](const Result<std::string>& found) { JudgeService(key, uid, found); });
  } else if (code == Code::kInvalid || code == Code::kForbidden) {
    entry->refusal = "Service " + name + ": " + answer.error().message;
    state_.MarkJob(key);
  } else {
    entry->ledger.service_done = false;
    wake_(key, 1'000);
  }
}

void JobReconciler::JudgeService(const std::string& key, const std::string& uid,
                                 const Result<std::string>& found) {
  state::JobEntry* entry = Same(key, uid);
  if (entry == nullptr) return;
  if (!found.ok()) {
    entry->ledger.service_done = false;
    wake_(key, 1'000);
    return;
  }
  const api::Meta meta = api::Decode<api::Namespace>(*found).meta;  // of any kind
  const bool ours = std::any_of(meta.owners.begin(), meta.owners.end(),
                                [&](const api::OwnerReference& owner) { return owner.uid == uid; });
  if (ours) return;
  entry->refusal = "Service " + entry->job.meta.name +
                   ", by which the gang's pods find each other, exists and is not this job's; "
                   "delete it or give this job another name";
  state_.MarkJob(key);
}

}  // namespace muster::op
