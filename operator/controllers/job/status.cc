#include "controllers/job/status.h"

#include <algorithm>
#include <set>

#include "muster/api/priority.h"
#include "muster/base/time_text.h"
#include "muster/state/amounts.h"
#include "muster/state/gang.h"

namespace muster::op {

void SetCondition(api::JobStatus& status, const ConditionText& text, const JobFacts& facts) {
  SetCondition(status.conditions,
               {text.type,
                text.value ? "True" : "False",
                text.reason,
                text.message,
                {},
                status.observed_generation},
               facts.now);
}

void ClearCondition(api::JobStatus& status, std::string_view type, std::string_view reason,
                    const JobFacts& facts) {
  ClearCondition(status.conditions, type, reason, status.observed_generation, facts.now);
}

std::string NodesColumn(const api::Placement& placement) {
  constexpr std::size_t kNamed = 2;
  std::set<std::string> nodes;
  for (const api::Assignment& a : placement.assignments) nodes.insert(a.node);
  std::string text;
  std::size_t named = 0;
  for (const std::string& node : nodes) {
    if (named == kNamed) break;
    text += (named++ == 0 ? "" : ", ") + node;
  }
  if (nodes.size() > named) text += " and " + std::to_string(nodes.size() - named) + " more";
  return text;
}

std::string_view CauseWord(api::ReleaseCause cause) {
  switch (cause) {
    case api::ReleaseCause::kPreempted:
      return "Preempted";
    case api::ReleaseCause::kReclaimed:
      return "Reclaimed";
    case api::ReleaseCause::kSuspended:
      return "Suspended";
    case api::ReleaseCause::kCancelled:
      return "Cancelled";
    case api::ReleaseCause::kFailed:
      return "PodFailed";
    case api::ReleaseCause::kPodLost:
      return "PodLost";
    case api::ReleaseCause::kGangTimeout:
      return "GangTimeout";
    case api::ReleaseCause::kNodeLost:
      return "NodeLost";
    case api::ReleaseCause::kDeadline:
      return "DeadlineExceeded";
    case api::ReleaseCause::kMaxRuntime:
      return "MaxRuntimeExceeded";
    case api::ReleaseCause::kVoidEpoch:
      return "LeaderChanged";
    case api::ReleaseCause::kRefused:
      return "PodRefused";
    case api::ReleaseCause::kSpecChanged:
      return "SpecChanged";
    case api::ReleaseCause::kNone:
      break;
  }
  return "Released";
}

std::int64_t BackoffSeconds(const api::RetryPolicy& policy, std::int32_t failures) {
  const std::int64_t first = std::max<std::int64_t>(policy.initial_delay_seconds, 0);
  const std::int64_t most = std::max<std::int64_t>(policy.max_delay_seconds, 0);
  const std::int64_t n = std::clamp<std::int64_t>(failures, 1, 1'000'000);
  std::int64_t delay = first;
  if (policy.backoff == "linear") {
    delay = first > most / n ? most : first * n;
  } else if (policy.backoff == "exponential") {
    for (std::int64_t i = 1; i < n && delay < most; ++i) delay = std::min(most, delay * 2);
  }
  return std::min(delay, most);
}

void SetCommon(api::JobStatus& status, const state::JobEntry& entry, const JobFacts& facts,
               const Tally& tally) {
  status.observed_generation = entry.job.meta.generation;
  status.epoch = facts.epoch;
  if (status.phase != "Reserved" && status.phase != "Pending") status.reservation.reset();
  status.tenant = facts.tenant;
  status.priority = api::PriorityName(state::BasePriority(entry.job.spec, facts.tenant_object));
  status.ready = std::to_string(tally.ready) + "/" + std::to_string(entry.replicas);
  std::int64_t gpus = 0;
  for (std::size_t t = 0; t < entry.job.spec.tasks.size(); ++t) {
    if (t >= facts.templates.size() || facts.templates[t] == nullptr) continue;
    for (const auto& [name, amount] : facts.templates[t]->request) {
      if (name == facts.gpu_resource) gpus += amount * entry.job.spec.tasks[t].replicas;
    }
  }
  if (gpus > 0) status.gpus = gpus;
  const base::TimePoint deadline = entry.job.spec.deadline;
  status.deadline = deadline.unix_ms == 0 ? "" : base::FormatMinute(deadline);
}

}  // namespace muster::op
