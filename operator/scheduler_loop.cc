#include "scheduler_loop.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "muster/base/check.h"
#include "muster/base/log.h"
#include "muster/base/text.h"
#include "muster/state/amounts.h"
#include "muster/state/gang.h"

namespace muster::op {
namespace {

// Indexes are dealt out in the order of the places: by node name, then task, so that neighbouring
// ranks are near.
std::vector<api::Assignment> Assign(const state::ClusterState& state, const state::JobEntry& entry,
                                    const sched::Gang& gang, const sched::Start& start) {
  const auto wanted = state::WantedIndexes(entry);
  std::map<std::int32_t, std::size_t> used;
  std::vector<api::Assignment> assignments;
  for (const sched::Place& place : start.places) {
    const std::string& name = gang.tasks[place.task].name;
    const std::int32_t task = state::TaskIndex(entry, name);
    MUSTER_CHECK(task >= 0);
    std::size_t& next = used[task];
    const std::vector<std::int32_t>& indexes = wanted[task];
    MUSTER_CHECK(next + place.count <= indexes.size());
    const auto first = indexes.begin() + static_cast<std::ptrdiff_t>(next);
    next += place.count;
    const std::string& node = state.world().NodeName(place.node);
    const auto found = state.nodes().find(node);
    assignments.push_back({node, found == state.nodes().end() ? "" : found->second.meta.uid, name,
                           base::FormatRanges({first, first + place.count})});
  }
  return assignments;
}

constexpr std::string_view kGroupPrefix = "group/";

// The pod that speaks for a foreign group; null if the gang is none, or has no pod left.
const api::Pod* FirstPodOf(state::ClusterState& state, const std::string& gang_uid) {
  if (!gang_uid.starts_with(kGroupPrefix)) return nullptr;
  const state::ForeignGroup* group = state.groups().Find(gang_uid.substr(kGroupPrefix.size()));
  if (group == nullptr || group->pods.empty()) return nullptr;
  const state::PodEntry* entry = state.FindPod(*group->pods.begin());
  return entry == nullptr ? nullptr : &entry->pod;
}

bool IsMore(const std::string& gang_uid) { return gang_uid.ends_with('+'); }

// The job that a gang is, or whose further replicas it is; null: neither.
state::JobEntry* JobOf(state::ClusterState& state, const std::string& gang_uid) {
  return state.FindJobByUid(IsMore(gang_uid) ? gang_uid.substr(0, gang_uid.size() - 1) : gang_uid);
}

// New numbers alone are not worth a look.
void HoldMore(state::ClusterState& state, state::JobEntry& entry, sched::Reason reason,
              const std::string& text) {
  if (entry.more_hold && entry.more_hold->reason == reason) {
    entry.more_hold->text = text;
    return;
  }
  entry.more_hold = state::HoldView{reason, text, state.clock().BootMs()};
  state.MarkJob(entry.key);
}

// Returns whether the next leader has to be told.  That a place is kept no more, the text says.
bool Keep(state::HoldView& hold, const api::JobSpec& spec, const sched::Reservation* kept) {
  if (kept == nullptr) {
    hold.reservation.reset();
    return false;
  }
  api::Reservation now;
  now.until = kept->until;
  now.from = kept->from;
  auto pods = kept->pods.begin();  // by node, as the nodes are
  for (const auto& [node, amounts] : kept->nodes) {
    api::Reservation::Node& there = now.nodes.emplace_back();
    there.name = node;
    there.resources = state::ToResourceList(amounts);
    for (; pods != kept->pods.end() && pods->node == node; ++pods) {
      if (static_cast<std::size_t>(pods->task) >= spec.tasks.size()) continue;  // edited since
      there.pods.push_back({spec.tasks[static_cast<std::size_t>(pods->task)].name, pods->count});
    }
  }
  if (hold.reservation == now) return false;
  hold.reservation = std::move(now);
  return true;
}

sched::Reservation ToReservation(const state::ClusterState& state, const state::JobEntry& entry) {
  const api::Reservation& kept = *entry.job.status.reservation;
  sched::Reservation out{entry.job.meta.uid, {}, kept.until, kept.from};
  for (const api::Reservation::Node& node : kept.nodes) {
    out.nodes.emplace_back(node.name, state::ToAmounts(node.resources, state::Rounding::kUp,
                                                       state.options().gpu_resource));
    for (const api::Reservation::Pods& pods : node.pods) {
      const std::int32_t task = state::TaskIndex(entry, pods.task);
      if (task >= 0) out.pods.push_back({node.name, task, pods.count});  // else edited since
    }
  }
  return out;
}

// What the whole placement of a victim takes, by node.  Where nobody has said in time what its pods
// look like, only the pods that are there can tell.
void AddFreed(state::ClusterState& state, const state::JobEntry& victim,
              std::map<std::string, sched::Amounts>& nodes) {
  for (const state::Slot& slot : victim.slots) {
    const state::Template* made = TemplateOf(victim, slot.task);
    if (made == nullptr || !made->known) continue;
    sched::Amounts& sum = nodes[victim.placement->assignments[slot.assignment].node];
    sum = state::Plus(sum, made->request);
  }
  for (const std::string& name : victim.pods) {
    const state::PodEntry* pod = state.FindPod(name);
    if (pod == nullptr || pod->pod.terminal() || pod->pod.node_name.empty()) continue;
    if (pod->left_behind) continue;
    const state::Template* made = TemplateOf(victim, state::TaskIndex(victim, pod->slot.task));
    if (made != nullptr && made->known) continue;
    sched::Amounts& sum = nodes[pod->pod.node_name];
    sum = state::Plus(sum, state::ToAmounts(pod->pod.needs.requests, state::Rounding::kUp,
                                            state.options().gpu_resource));
  }
}

}  // namespace

SchedulerLoop::SchedulerLoop(state::ClusterState& state, actuate::Actuator& actuator,
                             sched::Policy policy)
    : state_(state), actuator_(actuator), policy_(std::move(policy)) {}

void SchedulerLoop::SetGroups(BindGroup bind, EvictGroup evict) {
  bind_group_ = std::move(bind);
  evict_group_ = std::move(evict);
}

void SchedulerLoop::SetPolicy(sched::Policy policy) {
  policy_ = std::move(policy);
  policy_changed_ = true;
}

std::int64_t SchedulerLoop::Cycle() {
  const std::int64_t boot = state_.clock().BootMs();
  sched::World& world = state_.world();
  const base::TimePoint now = state_.clock().Now();
  const bool due = plan_.wake_at.unix_ms != 0 && plan_.wake_at <= now;
  if (world.generation() == seen_generation_ && !due && !policy_changed_) {
    if (plan_.wake_at.unix_ms == 0) return 0;
    return std::max<std::int64_t>(1, plan_.wake_at.unix_ms - now.unix_ms);
  }
  if (boot < next_at_ms_) return next_at_ms_ - boot;

  const auto begin = std::chrono::steady_clock::now();
  world.SetNow(now);
  Unpark();
  if (const std::int64_t wait = AwaitParkedMs(boot); wait > 0) return wait;
  policy_changed_ = false;
  ++stats_.cycles;
  std::vector<sched::Reservation> before = world.reservations();
  plan_ = sched::Schedule(world, policy_, cache_);
  seen_generation_ = world.generation();
  world.SetReservations(plan_.reservations);
  Park(std::move(before));
  for (const sched::Start& start : plan_.starts) ApplyStart(start);
  for (const sched::Eviction& eviction : plan_.evictions) ApplyEviction(eviction);
  ApplyHolds();
  const auto took = std::chrono::steady_clock::now() - begin;
  stats_.last_micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  durations_.push_back(stats_.last_micros);
  LogCycle();
  // While events pour in, at most half of the time is spent deciding.
  next_at_ms_ = state_.clock().BootMs() + stats_.last_micros / 1000;
  return 1;
}

// Every decision has a number, which the lines about what it brought carry too.
void SchedulerLoop::LogCycle() const {
  const bool quiet = plan_.starts.empty() && plan_.evictions.empty();
  base::Log(quiet ? base::LogLevel::kDebug : base::LogLevel::kInfo, "scheduling cycle",
            {{"cycle", std::to_string(stats_.cycles)},
             {"starts", std::to_string(plan_.starts.size())},
             {"evictions", std::to_string(plan_.evictions.size())},
             {"holds", std::to_string(plan_.holds.size())},
             {"considered", std::to_string(plan_.stats.gangs_considered)},
             {"nodes_visited", std::to_string(plan_.stats.nodes_visited)},
             {"memo_hits", std::to_string(plan_.stats.memo_hits)},
             {"trials", std::to_string(plan_.stats.trials)},
             {"micros", std::to_string(stats_.last_micros)}});
}

// ---- Reservations ----

// What a leader before this one kept for others is still theirs.  Where it died before it could say
// what that is, its victims tell, with what has ended of them.
void SchedulerLoop::RestoreReservations() {
  std::map<std::string, std::map<std::string, sched::Amounts>> freed;  // beneficiary -> node
  std::map<std::string, std::int64_t> grace_ms;
  for (const auto& [key, entry] : state_.jobs()) {
    if (entry.job.status.reservation && StillWaits(entry.job.meta.uid)) {
      parked_.push_back(ToReservation(state_, entry));
    }
    const std::string& uid = state::BeneficiaryOf(entry);
    if (uid.empty()) continue;
    AddFreed(state_, entry, freed[uid]);
    const sched::Gang* gang = state_.world().FindGang(entry.job.meta.uid);
    if (gang != nullptr) grace_ms[uid] = std::max(grace_ms[uid], gang->grace_ms);
  }
  const std::int64_t now = state_.clock().Now().unix_ms;
  std::set<std::string> told;
  for (const sched::Reservation& kept : parked_) told.insert(kept.gang);
  for (auto& [uid, nodes] : freed) {
    if (told.contains(uid)) continue;
    parked_.push_back(
        {uid, {nodes.begin(), nodes.end()}, {now + grace_ms[uid] + policy_.reservation_slack_ms}});
  }
}

bool SchedulerLoop::StillWaits(const std::string& gang_uid) const {
  if (gang_uid.starts_with(kGroupPrefix)) {
    return state_.groups().Find(gang_uid.substr(kGroupPrefix.size())) != nullptr;
  }
  const state::JobEntry* entry = state_.FindJobByUid(gang_uid);
  return entry != nullptr && !entry->placement && !entry->job.spec.suspend &&
         !api::Finished(entry->job.status);
}

// Gangs that the World knows again get their places back.
void SchedulerLoop::Unpark() {
  if (!restored_) RestoreReservations();
  restored_ = true;
  if (parked_.empty()) return;
  std::vector<sched::Reservation> all = state_.world().reservations();
  std::erase_if(parked_, [&](const sched::Reservation& kept) {
    if (state_.world().FindGang(kept.gang) == nullptr) return !StillWaits(kept.gang);
    all.push_back(kept);
    return true;
  });
  state_.world().SetReservations(std::move(all));
}

// Until the World knows whose the kept places are, nobody may be given them; not for long, because
// whoever is asked may not answer.  For a slot that is so before the first decision of a leader:
// later its gang is unknown only for moments, and a slot that cannot hold is moved.
std::int64_t SchedulerLoop::AwaitParkedMs(std::int64_t boot) {
  constexpr std::int64_t kMostMs = 5'000;
  const bool waits = std::any_of(parked_.begin(), parked_.end(), [this](const auto& kept) {
    return kept.from.unix_ms == 0 || stats_.cycles == 0;
  });
  if (!waits) {
    parked_since_ms_ = 0;
    return 0;
  }
  if (parked_since_ms_ == 0) parked_since_ms_ = boot;
  return std::max<std::int64_t>(0, parked_since_ms_ + kMostMs - boot);
}

// What the Plan does not repeat has started, given up, or is not known at this moment.
void SchedulerLoop::Park(std::vector<sched::Reservation> before) {
  for (sched::Reservation& kept : before) {
    const bool absent = state_.world().FindGang(kept.gang) == nullptr;
    const bool stands = kept.from.unix_ms != 0 || kept.until > state_.world().now();
    if (absent && stands && StillWaits(kept.gang)) {
      parked_.push_back(std::move(kept));
    }
  }
}

// ---- The Plan ----

void SchedulerLoop::ApplyStart(const sched::Start& start) {
  const sched::Gang gang = state_.world().gang(start.gang);
  if (gang.uid.starts_with(kGroupPrefix)) {
    bind_group_(gang.uid.substr(kGroupPrefix.size()), start);
    return;
  }
  const bool more = IsMore(gang.uid);
  state::JobEntry* entry = JobOf(state_, gang.uid);
  if (entry == nullptr) return;
  std::vector<api::Assignment> assignments = Assign(state_, *entry, gang, start);
  if (more) {
    if (!entry->placement || entry->backing != state::Backing::kStatus) return;
    ++entry->placement->revision;
    entry->placement->state = api::PlacementState::kCommitted;
    std::move(assignments.begin(), assignments.end(),
              std::back_inserter(entry->placement->assignments));
  } else {
    api::Placement placement;
    placement.attempt = entry->job.status.attempt + 1;
    placement.borrowing = start.borrowing;
    placement.committed_at = state_.clock().Now();
    placement.assignments = std::move(assignments);
    entry->placement = std::move(placement);
    entry->slots.clear();
  }
  entry->backing = entry->replicas == 1 ? state::Backing::kImplied : state::Backing::kDecided;
  entry->decided_cycle = stats_.cycles;
  entry->hold.reset();
  entry->more_hold.reset();
  entry->placed_from = entry->made_of;
  entry->decided_on.clear();
  for (std::size_t t = 0; t < entry->job.spec.tasks.size(); ++t) {
    const state::Template* made = TemplateOf(*entry, static_cast<std::int32_t>(t));
    entry->decided_on.push_back(made == nullptr ? sched::ShapeId{} : made->shape);
  }
  RefreshSlots(*entry);
  state_.FoldJob(*entry, entry->eligible);
  state_.MarkJob(entry->key);
}

void SchedulerLoop::ApplyEviction(const sched::Eviction& eviction) {
  const sched::Gang& victim = state_.world().gang(eviction.victim);
  const sched::Gang& beneficiary = state_.world().gang(eviction.beneficiary);
  const bool reclaim = eviction.rule == sched::Rule::kReclaim;
  ++(reclaim ? stats_.evictions_reclaim : stats_.evictions_priority);
  base::LogInfo("evict", {{"cycle", std::to_string(stats_.cycles)},
                          {"victim", victim.name},
                          {"for", beneficiary.name},
                          {"rule", std::string(ToString(eviction.rule))}});
  if (const state::JobEntry* winner = state_.FindJobByUid(beneficiary.uid)) {
    actuator_.EmitEvent("Job", winner->job.meta, {"Normal", "PreemptedWorkload", eviction.text});
  } else if (const api::Pod* pod = FirstPodOf(state_, beneficiary.uid)) {
    actuator_.EmitEvent("Pod", pod->meta, {"Normal", "PreemptedWorkload", eviction.text});
  }
  if (victim.uid.starts_with(kGroupPrefix)) {
    evict_group_(victim.uid.substr(kGroupPrefix.size()), eviction.text);
    return;
  }
  state::JobEntry* entry = state_.FindJobByUid(victim.uid);
  if (entry == nullptr) return;
  state::ReleaseDecision release;
  release.cause = reclaim ? api::ReleaseCause::kReclaimed : api::ReleaseCause::kPreempted;
  release.beneficiary = beneficiary.name;
  release.beneficiary_uid = beneficiary.uid;
  release.rule = ToString(eviction.rule);
  release.text = eviction.text;
  entry->release = std::move(release);
  state_.FoldJob(*entry, false);
  state_.MarkJob(entry->key);
}

void SchedulerLoop::ApplyHolds() {
  constexpr std::int64_t kRewordMs = 10'000;
  const std::int64_t boot = state_.clock().BootMs();
  std::map<std::string_view, const sched::Reservation*> reserved;
  for (const sched::Reservation& kept : plan_.reservations) reserved[kept.gang] = &kept;
  for (const sched::Hold& hold : plan_.holds) {
    const sched::Gang& gang = state_.world().gang(hold.gang);
    const std::string& text = plan_.texts[hold.text];
    if (gang.uid.starts_with(kGroupPrefix)) {
      state::ForeignGroup* group = state_.groups().Find(gang.uid.substr(kGroupPrefix.size()));
      if (group == nullptr) continue;
      // While it is to tell another text already, it wakes itself in time.
      const bool changed = group->hold_reason != hold.reason || group->hold_text.empty() ||
                           (group->hold_text != text && !group->tell_pending);
      group->hold_reason = hold.reason;
      group->hold_text = text;
      if (changed) state_.MarkGroup(group->key);
      continue;
    }
    state::JobEntry* entry = JobOf(state_, gang.uid);
    if (entry == nullptr) continue;
    if (IsMore(gang.uid)) {
      HoldMore(state_, *entry, hold.reason, text);
      continue;
    }
    const bool changed = !entry->hold || entry->hold->reason != hold.reason;
    if (changed) entry->hold = state::HoldView{hold.reason, text, boot};
    const auto kept = reserved.find(gang.uid);
    const bool moved =
        Keep(*entry->hold, entry->job.spec, kept == reserved.end() ? nullptr : kept->second);
    if (changed || moved) {
      entry->hold->text = text;
      state_.MarkJob(entry->key);
    } else if (entry->hold->text != text) {
      entry->hold->text = text;
      // While the text in the status is young the job looks once, and then wakes itself in time.
      const bool young = boot - entry->message_written_ms < kRewordMs;
      if (young && entry->hold->marked_ms > entry->message_written_ms) continue;
      entry->hold->marked_ms = boot;
      state_.MarkJob(entry->key);
    }
  }
}

}  // namespace muster::op
