// The headless Service by which the pods of a gang find each other.
#include <algorithm>

#include "controllers/job/reconciler.h"
#include "muster/api/codec.h"
#include "muster/kube/paths.h"

namespace muster::op {

using base::Code;
using base::Result;

namespace {

constexpr std::int64_t kAskAgainMs = 1'000;
constexpr std::int64_t kAskAgainMostMs = 32'000;

bool OwnedBy(const api::Meta& meta, const std::string& uid) {
  return std::any_of(meta.owners.begin(), meta.owners.end(),
                     [&](const api::OwnerReference& owner) { return owner.uid == uid; });
}

// Of a Job that had the name before: the garbage collector takes it away.
bool OfAnEarlierJob(const api::Meta& meta, const std::string& name) {
  return std::any_of(meta.owners.begin(), meta.owners.end(), [&](const api::OwnerReference& owner) {
    return owner.kind == "Job" && owner.api_version.str().starts_with("scheduler.io/") &&
           owner.name == name;
  });
}

}  // namespace

// An earlier attempt or leader has made it in most cases: a read costs less than a refused write.
void JobReconciler::AskService(state::JobEntry& entry) {
  if (entry.placement->attempt == 1 && entry.job.status.epoch == state_.epoch()) {
    CreateService(entry);
  } else {
    ReadService(entry);
  }
}

void JobReconciler::CreateService(state::JobEntry& entry) {
  actuator_.CreateService(entry.job.meta.ns,
                          api::RenderService(entry.job, entry.placement->attempt),
                          OnService(entry, &JobReconciler::TakeService));
}

void JobReconciler::ReadService(state::JobEntry& entry) {
  actuator_.Read(kube::ObjectPath(kube::kServices, entry.job.meta.ns, entry.job.meta.name),
                 OnService(entry, &JobReconciler::JudgeService));
}

// An answer that comes after the attempt has ended says nothing of the next one.
actuate::Done JobReconciler::OnService(state::JobEntry& entry, TakeAnswer take) {
  entry.ledger.service.asking = true;
  return [this, key = entry.key, uid = entry.job.meta.uid, attempt = entry.placement->attempt,
          take](const Result<std::string>& answer) {
    state::JobEntry* again = Same(key, uid);
    if (again == nullptr) return;
    again->ledger.service.asking = false;
    state_.MarkJob(key);
    if (again->placement && again->placement->attempt == attempt) (this->*take)(*again, answer);
  };
}

void JobReconciler::TakeService(state::JobEntry& entry, const Result<std::string>& answer) {
  if (answer.ok()) {
    ServiceIsThere(entry);
    return;
  }
  const base::Error& error = answer.error();
  if (error.code == Code::kExists) {
    ReadService(entry);
  } else if (error.code == Code::kInvalid || error.code == Code::kForbidden) {
    Refuse(entry, "Service " + entry.job.meta.name + ": " + error.message,
           kube::ExceedsQuota(error));
  } else {
    AskServiceLater(entry);
  }
}

// Without its Service a gang cannot find itself: a name that somebody else has is told.
void JobReconciler::JudgeService(state::JobEntry& entry, const Result<std::string>& found) {
  if (!found.ok() && found.error().code == Code::kNotFound) {
    CreateService(entry);
    return;
  }
  if (!found.ok()) {
    AskServiceLater(entry);
    return;
  }
  const api::Meta meta = api::Decode<api::Namespace>(*found).meta;  // of any kind
  const std::string& name = entry.job.meta.name;
  const bool going = meta.deletion.unix_ms != 0;
  if (OwnedBy(meta, entry.job.meta.uid) && !going) {
    std::string patch = api::ServicePatch(entry.job, entry.placement->attempt, *found);
    if (patch.empty()) {
      ServiceIsThere(entry);
    } else {
      actuator_.MergePatch(kube::ObjectPath(kube::kServices, entry.job.meta.ns, name),
                           std::move(patch), OnService(entry, &JobReconciler::TakeService));
    }
  } else if (going || OfAnEarlierJob(meta, name)) {
    AskServiceLater(entry);
  } else {
    Refuse(entry, "Service " + name +
                      ", by which the gang's pods find each other, exists and is not this job's; "
                      "delete it or give this job another name");
  }
}

void JobReconciler::ServiceIsThere(state::JobEntry& entry) {
  entry.ledger.service = {.attempt = entry.placement->attempt};
  entry.rest_until_ms = 0;  // pods may wait for it
}

void JobReconciler::AskServiceLater(state::JobEntry& entry) {
  state::ServiceAsk& service = entry.ledger.service;
  service.ask_at_ms = state_.clock().BootMs() +
                      std::min(kAskAgainMostMs, kAskAgainMs << std::min(service.failures, 5));
  ++service.failures;
}

}  // namespace muster::op
