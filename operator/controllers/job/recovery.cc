// What is done when the outcome of a write is not known: the API server is asked.
#include <algorithm>
#include <utility>

#include "controllers/job/reconciler.h"
#include "muster/api/codec.h"
#include "muster/base/log.h"

namespace muster::op {

using base::Code;
using base::Result;

namespace {

constexpr std::int64_t kAskAgainMs = 2'000;

}  // namespace

// ---- Pods ----

void JobReconciler::LookForPod(state::JobEntry& entry, const std::string& pod) {
  const auto found = entry.ledger.creates.find(pod);
  if (found == entry.ledger.creates.end()) return;
  found->second.looking = true;
  actuator_.FindPod(entry.job.meta.ns, pod,
                    [this, key = entry.key, uid = entry.job.meta.uid,
                     pod](const Result<std::string>& answer) { TakeLook(key, uid, pod, answer); });
}

void JobReconciler::TakeLook(const std::string& key, const std::string& uid, const std::string& pod,
                             const Result<std::string>& answer) {
  state::JobEntry* entry = Same(key, uid);
  if (entry == nullptr) return;
  const auto found = entry->ledger.creates.find(pod);
  if (found == entry->ledger.creates.end()) return;  // the watch has shown it meanwhile
  state_.MarkJob(key);
  found->second.looking = false;
  found->second.look_at_ms = state_.clock().BootMs() + kAskAgainMs;
  if (!answer.ok()) return;
  const std::vector<api::Pod> there = api::DecodeList<api::Pod>(*answer);
  if (!there.empty() && state::OwnerJobUid(there.front()) == uid) return;  // the watch will show it
  entry->ledger.creates.erase(found);
  if (!there.empty()) Refuse(*entry, NameHeld(there.front().meta));
}

// ---- The Job itself ----

// A status write failed.  A decision that was refused is void: the scheduler decides again from
// what is there then.  Where an earlier write may have been carried out, only reading tells.
void JobReconciler::TakeNoStatus(state::JobEntry& entry, const std::string& from,
                                 const base::Error& error) {
  base::LogInfo("status write refused", {{"job", entry.key}, {"error", error.message}});
  state::Ledger& ledger = entry.ledger;
  ledger.failed_at_ms = state_.clock().BootMs();
  ledger.failures = std::min(ledger.failures + 1, 20);
  if (entry.backing != state::Backing::kDecided || !entry.placement) return;
  if (error.code == Code::kUnavailable) {
    if (entry.job.meta.resource_version == from) ledger.unanswered_from = from;
  } else if (ledger.unanswered_from.empty()) {
    RevertPlacement(entry);
  } else if (error.code == Code::kConflict) {
    ledger.doubted = true;
  }
}

void JobReconciler::ReadBack(state::JobEntry& entry) {
  entry.ledger.reading = true;
  entry.ledger.delivered.clear();
  actuator_.FindJob(entry.job.meta,
                    [this, key = entry.key, uid = entry.job.meta.uid](
                        const Result<std::string>& answer) { TakeRead(key, uid, answer); });
}

void JobReconciler::TakeRead(const std::string& key, const std::string& uid,
                             const Result<std::string>& answer) {
  state::JobEntry* entry = Same(key, uid);
  if (entry == nullptr) return;
  state_.MarkJob(key);
  entry->ledger.reading = false;
  std::vector<api::Job> there;
  if (answer.ok()) there = api::DecodeList<api::Job>(*answer);
  if (!there.empty()) {
    state_.ObserveRead(std::move(there.front()));
    return;
  }
  // No answer, or it is gone, which the watch will show.
  entry->ledger.doubted = true;
  entry->ledger.failed_at_ms = state_.clock().BootMs();
  entry->ledger.failures = std::min(entry->ledger.failures + 1, 20);
}

}  // namespace muster::op
