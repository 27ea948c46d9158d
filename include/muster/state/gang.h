// Jobs and foreign groups in the core's words.
//
// Pure functions over the ClusterState.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "muster/state/cluster_state.h"

namespace muster::state {

// The base priority of a job: its own, else the tenant's default, else normal.
std::int32_t BasePriority(const api::JobSpec& spec, const api::Tenant* tenant);

// Seconds that a pod is given to end.  `own`: its template's; `asked`: by the job, -1: nothing. The
// Tenant caps either, so that no template can hold a place for long.  Never 0: that would take the
// pod away from the API server while its containers still run.
std::int64_t GraceSeconds(std::int64_t own, std::int64_t asked, const api::Tenant* tenant);
// The same for a delete: -1 where it is the pod's own time.
std::int64_t GraceOf(const api::Pod& pod, std::int64_t asked, const api::Tenant* tenant);

// The job as one gang.  `eligible`: the scheduler may start it when it has no placement.
// Nothing when the World should not know it (finished, or waiting for a reason of its own).
std::optional<sched::Gang> BuildGang(ClusterState& state, const JobEntry& entry, bool eligible);

// Replicas of a running job that minMember lets start later; nothing if there are none.
std::optional<sched::Gang> BuildMoreGang(ClusterState& state, const JobEntry& entry, bool eligible);

GroupTally CountGroup(ClusterState& state, const ForeignGroup& group);

// A foreign group: pending while it has less than its minimum on nodes, running from then on.
// Nothing when there is nothing to place (pods missing, back-off, no tenant) and nothing placed.
// `may_start`: false while it backs off.
std::optional<sched::Gang> BuildGroupGang(ClusterState& state, const ForeignGroup& group,
                                          bool may_start);
// What a group beyond its minimum still wants placed; nothing if there is nothing.
std::optional<sched::Gang> BuildMoreGroupGang(ClusterState& state, const ForeignGroup& group,
                                              bool may_start);

// The pods of a group that are to be bound, in the order in which the places of a Start are dealt
// out: by task of the gang, then by key.
std::vector<std::vector<std::string>> UnboundByTask(ClusterState& state, const ForeignGroup& group);

// Ranks (see JobEntry) that a new attempt, or a larger placement, still has to run, by task.
std::vector<std::vector<std::int32_t>> WantedIndexes(const JobEntry& entry);

}  // namespace muster::state
