// What to do about one group of foreign pods now: a pure function of the group and its pods.
//
// The state is in the pods, so that a new leader needs nothing else.  A group is never partly bound
// for longer than its timeout: then what is bound is deleted, and its controller begins anew.  A
// group that had its minimum and has lost pods for which no others came is not partly bound: it
// goes on with what it has.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/api/render.h"
#include "muster/state/foreign_groups.h"
#include "muster/state/job_entry.h"
#include "muster/state/volumes.h"

namespace muster::op {

struct GroupFacts {
  base::TimePoint now;
  std::int64_t boot_ms = 0;
  std::string tenant;                          // empty: the namespace is unclaimed
  const state::JobEntry* uncounted = nullptr;  // because of which the tenant may start nothing
  state::GroupTally tally;
  std::map<std::string, const state::PodEntry*> pods;  // by key: all that are not terminal
  std::map<std::string, state::PodVolumes> unbound;    // by pod: whose claims are not all bound
};

struct PodText {
  std::string key;  // namespace/name
  std::string text;
};

struct PodEvent {
  std::string key;
  api::EventText event;
};

struct GroupActions {
  std::vector<std::string> settled;   // pods whose Binding is over: seen, or known to have failed
  std::vector<std::string> look_for;  // pods whose Binding is known to the API server alone
  std::vector<std::string> deletes;   // pods
  std::vector<PodText> tells;         // PodScheduled=False with this message
  std::vector<PodEvent> events;
  std::map<std::string, std::int64_t> tell_at;  // new values of ForeignGroup::tell_at
  std::string told_reason;
  bool tell_pending = false;
  std::int64_t partial_since_ms = 0;
  std::optional<bool> had_minimum;
  bool evicting = false;
  bool may_start = false;
  std::int64_t wake_in_ms = 0;  // look again after this time; 0: only when something changes
};

GroupActions PlanGroup(const state::ForeignGroup& group, const GroupFacts& facts);

// Back-off of a group after the n-th refused Binding in a row: 10 s, 20 s, … 300 s.
std::int64_t GroupBackoffMs(std::int32_t refusals);

}  // namespace muster::op
