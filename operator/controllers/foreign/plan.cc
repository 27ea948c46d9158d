#include "controllers/foreign/plan.h"

#include <algorithm>

#include "muster/base/text.h"

namespace muster::op {
namespace {

constexpr std::int64_t kSettleMs = 1'000;   // a pod that starts at once is told nothing
constexpr std::int64_t kRewordMs = 10'000;  // and one that waits, not more often than this

struct Step {
  const state::ForeignGroup& group;
  const GroupFacts& facts;
  GroupActions actions;

  void WakeIn(std::int64_t ms) {
    const std::int64_t in = std::max<std::int64_t>(ms, 1);
    if (actions.wake_in_ms == 0 || in < actions.wake_in_ms) actions.wake_in_ms = in;
  }
  bool Leaving(const state::PodEntry& entry) const {
    return entry.pod.meta.deletion.unix_ms != 0 || group.deletes.contains(entry.pod.meta.uid);
  }
  bool Waiting(const state::PodEntry& entry) const {
    return entry.pod.node_name.empty() && entry.binding_node.empty() && entry.pod.gates.empty() &&
           !Leaving(entry);
  }
};

std::string NameOf(const std::string& key) { return key.substr(key.find('/') + 1); }

// A Binding is over when the watch shows the node; one that was answered 409, or not at all, when
// the watch shows a newer pod.  If it shows neither in time, the API server is asked.
void SettleBindings(Step& step) {
  for (const auto& [key, entry] : step.facts.pods) {
    if (entry->binding_node.empty()) continue;
    const std::int64_t until = entry->binding_until_ms;
    const bool newer = entry->pod.meta.resource_version != entry->binding_version;
    if (!entry->pod.node_name.empty() || (until != 0 && newer)) {
      step.actions.settled.push_back(key);
    } else if (until != 0 && !entry->binding_looking) {
      if (step.facts.boot_ms >= until) {
        step.actions.look_for.push_back(key);
      } else {
        step.WakeIn(until - step.facts.boot_ms);
      }
    }
  }
}

// The reason word and sentence of the pods that wait; both empty while there is nothing to say.
struct Why {
  std::string reason;
  std::string text;
};

Why Unfit(const Step& step) {
  for (const auto& [key, entry] : step.facts.pods) {
    if (!step.Waiting(*entry)) continue;
    const auto claims = step.facts.unbound.find(key);
    for (const std::string& text :
         {entry->pod.invalid, entry->pod.needs.unsupported.str(),
          claims == step.facts.unbound.end() ? std::string() : claims->second.refusal}) {
      if (!text.empty()) return {"Misconfigured", "pod " + NameOf(key) + ": " + text};
    }
  }
  return {};
}

// Claims that are not there, or not bound yet.
Why Awaits(const Step& step) {
  for (const auto& [key, volumes] : step.facts.unbound) {
    if (volumes.wait.empty() || !step.Waiting(*step.facts.pods.at(key))) continue;
    return {"NoMatchingNodes", "pod " + NameOf(key) + ": " + volumes.wait};
  }
  return {};
}

std::string MissingText(const Step& step) {
  const state::GroupTally& tally = step.facts.tally;
  std::string text = std::to_string(tally.have() + tally.gated) + " of " +
                     std::to_string(tally.min_member) + " pods exist";
  if (tally.gated > 0)
    text += ", " + std::to_string(tally.gated) + " of them with scheduling gates";
  return text;
}

Why FindWhy(const Step& step) {
  if (step.facts.tenant.empty()) {
    return {"NoTenant", "no Tenant claims namespace " + step.group.ns};
  }
  if (Why unfit = Unfit(step); !unfit.reason.empty()) return unfit;
  if (step.facts.boot_ms < step.group.backoff_until_ms && !step.group.refusal.empty()) {
    return {"WaitingForRetry", step.group.refusal};
  }
  if (step.facts.uncounted != nullptr) {
    return {"WaitingForQuota", UncountedText(step.facts.tenant, *step.facts.uncounted)};
  }
  if (Why awaits = Awaits(step); !awaits.reason.empty()) return awaits;
  if (step.facts.tally.have() < step.facts.tally.min_member) {
    return {"GangIncomplete", MissingText(step)};
  }
  if (step.group.hold_text.empty()) return {};
  return {std::string(ToString(step.group.hold_reason)), step.group.hold_text};
}

// Pods that wait say why in PodScheduled=False, where autoscalers and people look.
void Tell(Step& step, const Why& why) {
  if (why.reason.empty()) return;
  const std::string message = why.reason + ": " + why.text;
  const std::int64_t boot = step.facts.boot_ms;
  bool first = why.reason != step.group.told_reason;
  for (const auto& [key, entry] : step.facts.pods) {
    if (!step.Waiting(*entry)) continue;
    const api::Pod& pod = entry->pod;
    if (pod.scheduled_condition_false && pod.scheduled_message == message) {
      step.actions.told_reason = why.reason;
      continue;
    }
    const auto known = step.group.tell_at.find(key);
    const std::int64_t due = known == step.group.tell_at.end() ? boot + kSettleMs : known->second;
    if (boot < due) {
      step.actions.tell_at[key] = due;
      step.actions.tell_pending = true;
      step.WakeIn(due - boot);
      continue;
    }
    step.actions.tell_at[key] = boot + kRewordMs;
    step.actions.tells.push_back({key, message});
    step.actions.told_reason = why.reason;
    if (first) step.actions.events.push_back({key, {"Warning", "FailedScheduling", message}});
    first = false;
  }
}

// The first pod that is not bound, and what is known about it.  Where there is none, who is deleted
// is told.
std::string Culprit(const Step& step, const Why& why, std::string& key) {
  for (const auto& [name, entry] : step.facts.pods) {
    if (!entry->pod.node_name.empty() || !entry->binding_node.empty() || step.Leaving(*entry)) {
      continue;
    }
    key = name;
    return "pod " + NameOf(name) + " was not" +
           (why.reason.empty() ? "" : " (" + why.reason + ": " + why.text + ")");
  }
  key = step.actions.deletes.front();
  return "and no other pod waits";
}

std::int64_t PartialForMs(const Step& step, std::int64_t since_ms) {
  const state::GroupTally& tally = step.facts.tally;
  std::int64_t elapsed = step.facts.boot_ms - since_ms;
  // Known from the pods: survives a change of leader.
  if (tally.first_start.unix_ms != 0 && tally.oldest_waiting.unix_ms != 0) {
    const base::TimePoint since = std::max(tally.first_start, tally.oldest_waiting);
    elapsed = std::max(elapsed, step.facts.now.unix_ms - since.unix_ms);
  }
  return elapsed;
}

void ReleasePartial(Step& step, const Why& why) {
  const state::GroupTally& tally = step.facts.tally;
  std::vector<std::string> names;
  for (const auto& [key, entry] : step.facts.pods) {
    const bool placed = !entry->pod.node_name.empty() || !entry->binding_node.empty();
    if (!placed || step.Leaving(*entry)) continue;
    step.actions.deletes.push_back(key);
    if (names.size() < 8) names.push_back(NameOf(key));
  }
  if (step.actions.deletes.size() > names.size()) names.push_back("…");
  step.actions.partial_since_ms = 0;
  std::string about;
  const std::string culprit = Culprit(step, why, about);
  step.actions.events.push_back(
      {about,
       {"Warning", "GangTimeout",
        "group " + step.group.name + ": " + std::to_string(tally.bound) + " of " +
            std::to_string(tally.min_member) + " pods were bound within " +
            std::to_string(step.group.timeout_ms / 1000) + " s, " + culprit +
            "; deleted so that their controller can begin anew: " + base::Join(names, ", ")}});
}

// Pods with a Binding that the watch has not shown: it may be refused.
std::int32_t OnTheWay(const Step& step) {
  return static_cast<std::int32_t>(
      std::count_if(step.facts.pods.begin(), step.facts.pods.end(), [&](const auto& pod) {
        const state::PodEntry& entry = *pod.second;
        return !entry.binding_node.empty() && entry.pod.node_name.empty() && !step.Leaving(entry);
      }));
}

std::optional<bool> HadMinimum(const Step& step) {
  const state::GroupTally& tally = step.facts.tally;
  if (tally.bound == 0) return false;
  const auto ended = static_cast<std::int32_t>(step.group.done.size());
  if (tally.bound - OnTheWay(step) + ended >= tally.min_member) return true;
  // Where it is not known, and some wait, they are taken for those it never had.
  if (!step.group.had_minimum && tally.waiting + tally.gated > 0) return false;
  return step.group.had_minimum;
}

void WatchPartial(Step& step, const Why& why) {
  const state::GroupTally& tally = step.facts.tally;
  step.actions.had_minimum = HadMinimum(step);
  const bool lacks = tally.bound > 0 && tally.bound + tally.done < tally.min_member;
  const bool awaits = tally.waiting + tally.gated > 0 || step.actions.had_minimum == false;
  if (!lacks || !awaits || step.actions.evicting) {
    // A Binding without an answer is no progress: the one before it may have been refused.
    if (OnTheWay(step) > 0) step.actions.partial_since_ms = step.group.partial_since_ms;
    return;
  }
  step.actions.partial_since_ms =
      step.group.partial_since_ms == 0 ? step.facts.boot_ms : step.group.partial_since_ms;
  const std::int64_t left =
      step.group.timeout_ms - PartialForMs(step, step.actions.partial_since_ms);
  if (left > 0) {
    step.WakeIn(left);
  } else {
    ReleasePartial(step, why);
  }
}

}  // namespace

std::int64_t GroupBackoffMs(std::int32_t refusals) {
  return std::min<std::int64_t>(300'000, 10'000LL << std::clamp(refusals - 1, 0, 5));
}

GroupActions PlanGroup(const state::ForeignGroup& group, const GroupFacts& facts) {
  Step step{group, facts, {}};
  step.actions.told_reason = group.told_reason;
  step.actions.tell_at = group.tell_at;
  step.actions.evicting = group.evicting && !group.deletes.empty();

  // 1. Bindings in flight.
  SettleBindings(step);

  // 2. What waits says why.
  const Why why = FindWhy(step);
  Tell(step, why);

  // 3. Some bound and some not: not for ever.
  WatchPartial(step, why);

  // 4. Whether the scheduler may place (more of) it.
  const std::int64_t back_off = group.backoff_until_ms - facts.boot_ms;
  if (back_off > 0) step.WakeIn(back_off);
  step.actions.may_start = back_off <= 0 && Unfit(step).reason.empty() &&
                           Awaits(step).reason.empty() && facts.uncounted == nullptr &&
                           !step.actions.evicting;
  return std::move(step.actions);
}

}  // namespace muster::op
