#include "controllers/job/tally.h"

#include <algorithm>
#include <set>

#include "muster/base/text.h"
#include "muster/base/time_text.h"

namespace muster::op {
namespace {

constexpr std::size_t kMaxReplicas = 10'000;

// Without indexes that the task had before it was made smaller.
std::set<std::int32_t> ReadRanges(const std::string& ranges, std::int32_t replicas) {
  std::set<std::int32_t> indexes;
  const auto numbers = base::ParseRanges(ranges, kMaxReplicas);
  if (!numbers) return indexes;
  for (const std::int32_t i : *numbers) {
    if (i < replicas) indexes.insert(i);
  }
  return indexes;
}

// Results by task.
struct Results {
  std::vector<std::set<std::int32_t>> succeeded;
  std::vector<std::set<std::int32_t>> failed;
  std::vector<std::int32_t> ready;
};

void AddResults(const state::JobEntry& entry, const std::vector<api::TaskStatus>& told,
                Results& results) {
  for (const api::TaskStatus& status : told) {
    const std::int32_t task = state::TaskIndex(entry, status.name);
    if (task < 0) continue;
    const std::int32_t replicas = entry.job.spec.tasks[task].replicas;
    results.succeeded[task].merge(ReadRanges(status.succeeded, replicas));
    results.failed[task].merge(ReadRanges(status.failed, replicas));
  }
}

// What the status holds, and what was seen of this attempt and is not written yet: the pods may
// vanish before it is.
Results ReadResults(const state::JobEntry& entry) {
  const std::size_t n = entry.job.spec.tasks.size();
  Results results{std::vector<std::set<std::int32_t>>(n), std::vector<std::set<std::int32_t>>(n),
                  std::vector<std::int32_t>(n, 0)};
  AddResults(entry, entry.job.status.tasks, results);
  const bool same = entry.placement && entry.placement->attempt == entry.counted_attempt;
  if (same && entry.counted != entry.job.status.tasks) AddResults(entry, entry.counted, results);
  return results;
}

// A pod that was told to end may well exit with 0: that is no result.
Fate FateOf(const api::Pod& pod, bool releasing) {
  if (pod.phase == api::PodPhase::kSucceeded) {
    return releasing && pod.meta.deletion.unix_ms != 0 ? Fate::kLost : Fate::kSucceeded;
  }
  if (pod.phase != api::PodPhase::kFailed) return Fate::kLive;
  return IsInfrastructure(pod) ? Fate::kLost : Fate::kFailed;
}

void CountStranded(const state::JobEntry& entry, const state::PodEntry& pod, const JobFacts& facts,
                   Tally& tally) {
  if (!IsStranded(entry, pod, facts)) return;
  const base::TimePoint at = ReplaceAt(entry, pod, facts);
  const bool first = tally.first_stranded == nullptr;
  if (first) tally.first_stranded = &pod;
  // One that must have ended keeps the attempt, whatever may be done without the others.
  const bool known = at.unix_ms != 0 && (first || tally.replace_at.unix_ms != 0);
  tally.replace_at = known ? std::max(tally.replace_at, at) : base::TimePoint{};
  ++tally.stranded;
  if (IsOverdue(entry, pod, facts)) ++tally.overdue;
}

void NoteLook(base::TimePoint at, const JobFacts& facts, Tally& tally) {
  if (at <= facts.now) return;
  if (tally.look_at.unix_ms == 0 || at < tally.look_at) tally.look_at = at;
}

void CountLive(const state::JobEntry& entry, const state::PodEntry& pod, const JobFacts& facts,
               Tally& tally) {
  ++tally.live;
  CountStranded(entry, pod, facts, tally);
  NoteLook(ReplaceAt(entry, pod, facts), facts, tally);
  tally.mine.push_back(&pod);
  if (tally.waiting.empty() && !pod.pod.waiting_reason.empty()) {
    tally.waiting = pod.pod.waiting_reason;
    if (!pod.pod.waiting_message.empty()) tally.waiting += ": " + pod.pod.waiting_message;
  }
}

// A slot whose pod is not there.
Fate FateOfAbsent(const state::JobEntry& entry, const state::Slot& slot) {
  const bool committed = entry.placement->state == api::PlacementState::kCommitted;
  return committed && !slot.given_up ? Fate::kMissing : Fate::kLost;
}

// The end that was seen stays, whatever becomes of the pod.
Fate KeepEnd(Fate now, const state::Slot& slot, const Results& results) {
  if (now != Fate::kMissing && now != Fate::kLost) return now;
  if (results.succeeded[slot.task].contains(slot.index)) return Fate::kSucceeded;
  if (results.failed[slot.task].contains(slot.index)) return Fate::kFailed;
  return now;
}

void Record(const state::Slot& slot, Fate fate, Results& results) {
  if (fate == Fate::kSucceeded) results.succeeded[slot.task].insert(slot.index);
  if (fate == Fate::kFailed) results.failed[slot.task].insert(slot.index);
}

void Sum(const state::JobEntry& entry, const Results& results, Tally& tally) {
  for (std::size_t t = 0; t < entry.job.spec.tasks.size(); ++t) {
    const auto& ok = results.succeeded[t];
    const auto& bad = results.failed[t];
    tally.tasks.push_back({entry.job.spec.tasks[t].name, results.ready[t],
                           base::FormatRanges({ok.begin(), ok.end()}),
                           base::FormatRanges({bad.begin(), bad.end()})});
    tally.succeeded += static_cast<std::int32_t>(ok.size());
  }
  tally.ready += tally.succeeded;
}

}  // namespace

bool IsInfrastructure(const api::Pod& pod) {
  if (pod.disruption_target || pod.meta.deletion.unix_ms != 0) return true;
  const std::string& reason = pod.reason;
  return reason.starts_with("OutOf") || reason == "Evicted" || reason == "NodeLost" ||
         reason == "UnexpectedAdmissionError" || reason == "Preempting" || reason == "Terminated" ||
         reason == "NodeShutdown" || reason == "Shutdown" || reason == "NodeAffinity" ||
         reason == "TopologyAffinityError";
}

namespace {

// The pod's node, if it is there and silent; else null.
const api::Node* SilentNode(const api::Pod& pod, const JobFacts& facts) {
  if (facts.nodes == nullptr) return nullptr;
  const auto node = facts.nodes->find(pod.node_name);
  return node != facts.nodes->end() && !node->second.ready ? &node->second : nullptr;
}

}  // namespace

base::TimePoint ReplaceAt(const state::JobEntry& entry, const state::PodEntry& pod,
                          const JobFacts& facts) {
  const api::JobSpec& spec = entry.job.spec;
  if (spec.pod_replacement_policy != "TerminatingOrFailed") return {};
  // A void pod may hold the name that the next attempt needs.
  if (pod.is_void && pod.slot.attempt > entry.job.status.attempt) return {};
  const api::Node* node = SilentNode(pod.pod, facts);
  if (node == nullptr || node->not_ready_since.unix_ms == 0) return {};
  return {node->not_ready_since.unix_ms + spec.unreachable_seconds * 1000};
}

bool IsStranded(const state::JobEntry& entry, const state::PodEntry& pod, const JobFacts& facts) {
  if (SilentNode(pod.pod, facts) == nullptr) return false;
  if (pod.pod.meta.deletion.unix_ms != 0) return true;
  const base::TimePoint at = ReplaceAt(entry, pod, facts);
  return at.unix_ms != 0 && at <= facts.now;
}

bool IsOverdue(const state::JobEntry& entry, const state::PodEntry& pod, const JobFacts& facts) {
  const base::TimePoint at = ReplaceAt(entry, pod, facts);
  return pod.pod.meta.deletion.unix_ms != 0 && at.unix_ms != 0 && at <= facts.now;
}

std::string DescribeLostNode(const Tally& tally) {
  return DescribeLostNode(tally.first_stranded->pod, tally.stranded - 1);
}

std::string DescribeLostNode(const api::Pod& first, std::int32_t more) {
  return "node " + first.node_name + " was lost with pod " + first.meta.name +
         (more == 0 ? "" : " and " + std::to_string(more) + " more");
}

std::string DescribeLeftBehind(const state::JobEntry& entry, const JobFacts& facts,
                               const Tally& tally) {
  const state::PodEntry* first = nullptr;
  std::int32_t count = 0;
  for (const state::PodEntry* pod : tally.strays) {
    if (!IsOverdue(entry, *pod, facts)) continue;
    if (first == nullptr) first = pod;
    ++count;
  }
  if (first == nullptr) return "";
  return "; pod " + first->pod.meta.name + " of attempt " + std::to_string(first->slot.attempt) +
         (count == 1 ? "" : " and " + std::to_string(count - 1) + " more") +
         " may still run on node " + first->pod.node_name;
}

std::string UntilItEnds(base::TimePoint replace_at) {
  std::string text(kUntilItEnds);
  if (replace_at.unix_ms == 0) return text;
  return text + ", but not beyond " + base::FormatTime(replace_at) +
         " (spec.podReplacementPolicy is TerminatingOrFailed)";
}

std::string DescribeEnd(const api::Pod& pod) {
  std::string text = "pod " + pod.meta.name;
  if (!pod.reason.empty()) {
    text += ": " + pod.reason;
    if (!pod.message.empty()) text += ": " + pod.message;
    return text.substr(0, 512);
  }
  if (pod.signal != 0) return text + " was ended by signal " + std::to_string(pod.signal);
  text += " exited with code " + std::to_string(pod.exit_code);
  if (!pod.terminated_reason.empty()) text += " (" + pod.terminated_reason + ")";
  return text;
}

Tally CountPods(const state::JobEntry& entry, const JobFacts& facts) {
  Tally tally;
  Results results = ReadResults(entry);
  tally.placed = static_cast<std::int32_t>(entry.slots.size());
  std::vector<const state::PodEntry*> pod_of(entry.slots.size(), nullptr);
  for (const state::PodEntry* pod : facts.pods) {
    std::int32_t slot = -1;
    if (entry.placement && pod->slot.attempt == entry.placement->attempt && !pod->is_void) {
      const std::int32_t rank =
          RankOf(entry, state::TaskIndex(entry, pod->slot.task), pod->slot.index);
      if (rank >= 0) slot = entry.slot_of[rank];
    }
    if (slot >= 0) {
      pod_of[slot] = pod;
    } else if (!pod->pod.terminal() || pod->is_void) {  // a void pod holds the name of the next
      tally.strays.push_back(pod);
      NoteLook(ReplaceAt(entry, *pod, facts), facts, tally);
    }
  }
  const bool releasing =
      entry.placement && entry.placement->state == api::PlacementState::kReleasing;
  for (std::size_t i = 0; i < entry.slots.size(); ++i) {
    const state::Slot& slot = entry.slots[i];
    const state::PodEntry* pod = pod_of[i];
    const Fate now = pod == nullptr ? FateOfAbsent(entry, slot) : FateOf(pod->pod, releasing);
    const Fate fate = KeepEnd(now, slot, results);
    tally.fates.push_back(fate);
    Record(slot, fate, results);
    if (pod != nullptr) tally.last_finish = std::max(tally.last_finish, pod->pod.finished);
    if (fate == Fate::kLive) {
      CountLive(entry, *pod, facts, tally);
      if (pod->pod.ready) {
        ++tally.ready;
        ++results.ready[slot.task];
      }
    } else if (fate == Fate::kMissing) {
      ++tally.missing;
    } else if (fate == Fate::kFailed) {
      ++tally.failed;
      if (tally.first_failed == nullptr) tally.first_failed = pod;
    } else if (fate == Fate::kLost) {
      ++tally.lost;
      if (tally.first_lost == nullptr) tally.first_lost = pod;
    }
  }
  Sum(entry, results, tally);
  const auto ended = std::count(tally.fates.begin(), tally.fates.end(), Fate::kSucceeded);
  tally.kept = tally.succeeded - static_cast<std::int32_t>(ended);
  return tally;
}

}  // namespace muster::op
