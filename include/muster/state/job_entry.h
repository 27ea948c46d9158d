// One Job as the operator knows it: the object, its pods, and the ledger of what was issued and is
// not yet observed.
//
// Threads: owned by the ClusterState's one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/api/core.h"
#include "muster/api/job.h"
#include "muster/sched/reason.h"
#include "muster/sched/types.h"

namespace muster::state {

struct Template;

// Labels of a pod of ours, read once.
struct PodSlot {
  std::int32_t attempt = 0;
  std::string task;
  std::int32_t index = -1;
  std::int64_t epoch = 0;
};

struct PodEntry {
  api::Pod pod;
  PodSlot slot;          // attempt 0: not a pod of ours
  bool is_void = false;  // written by an older leader after our barrier: deleted on sight
  bool counted = false;  // an Occupant of the World stands for it
  // Its job goes on without its end: it counts as before, and evicting the job does not end it.
  bool left_behind = false;
  // A foreign pod whose Binding was issued and is not observed: it counts on that node.
  std::string binding_node;  // empty: none
  bool binding_borrows = false;
  std::string binding_version;        // resourceVersion the Binding was made from
  std::int64_t binding_until_ms = 0;  // BootMs: after a 409 or no answer, asked for then; 0: wait
  bool binding_looking = false;       // the API server is being asked what became of it
};

// The node a pod is on, or was bound to by us; empty: none.
const std::string& NodeOf(const PodEntry& entry);

// One pod index of the current placement.
struct Slot {
  std::int32_t task = 0;  // index into JobSpec::tasks
  std::int32_t index = 0;
  std::int32_t assignment = 0;  // index into Placement::assignments
  bool seen = false;            // its pod has been observed by this process
  bool given_up = false;        // no pod will be created for it in this attempt
};

// A pod that counts on its node although it has not been observed, as the World was told.
struct CommittedPod {
  std::string node;
  sched::Amounts amounts;
};

// What JobEntry::placement rests on.
enum class Backing {
  kStatus,   // the Job's status says so
  kImplied,  // a single pod, created or about to be, that runs ahead of the status
  kDecided,  // the scheduler's decision; the committing write has not been confirmed
};

// A release that was decided and no status write carries yet.
struct ReleaseDecision {
  api::ReleaseCause cause = api::ReleaseCause::kNone;
  std::string beneficiary;
  std::string beneficiary_uid;
  std::string rule;
  std::string text;
};

// Why a job waits, by the scheduler's last Plan.
struct HoldView {
  sched::Reason reason = sched::Reason::kPendingEvaluation;
  std::string text;
  std::int64_t since_ms = 0;   // when this reason came up
  std::int64_t marked_ms = 0;  // when the job was last told to look at a new text
  std::optional<api::Reservation> reservation = {};  // the place that is kept for it
};

// A pod create that the watch has not shown yet.  Its place counts as long as this is here.
struct PodCreate {
  bool in_flight = true;        // no answer yet
  bool unanswered = false;      // one was sent that nobody answered: it may have been carried out
  bool looking = false;         // the API server is being asked whether the pod is there
  std::int64_t look_at_ms = 0;  // BootMs when to ask, unless the watch shows it before; 0: never
};

// The Service of a gang, which is not watched: asked for once an attempt, until it is there.
struct ServiceAsk {
  std::int32_t attempt = 0;    // the last one for which it is known to be there; 0: none
  bool asking = false;         // no answer yet
  std::int64_t ask_at_ms = 0;  // BootMs; not before
  std::int32_t failures = 0;   // in a row
};

struct Ledger {
  std::map<std::string, PodCreate> creates;  // by pod name
  std::set<std::string> deletes;             // pod uids
  bool status_in_flight = false;
  bool reading = false;               // the object is being read back; nothing is written meanwhile
  bool doubted = false;               // a LIST came while awaiting: only reading it back can tell
  std::string awaited_version;        // resourceVersion of our last status write; empty: seen
  std::set<std::string> delivered;    // versions that the watch showed while reading
  std::unique_ptr<api::Job> shelved;  // what the watch showed last while awaiting; null: nothing
  std::string unanswered_from;        // version from which a commit without an answer was made
  ServiceAsk service;
  bool job_delete = false;
  std::int64_t failed_at_ms = 0;  // last refused write, for back-off; 0: none
  std::int32_t failures = 0;      // in a row
};

struct JobEntry {
  api::Job job;
  std::string key;                        // namespace/name
  std::set<std::string> pods;             // keys of its pods
  std::int32_t replicas = 0;              // of all tasks
  std::vector<std::int32_t> rank_offset;  // first rank of each task
  std::vector<Template*> templates;       // of each task; empty once it has finished

  std::optional<api::Placement> placement;  // the one in force
  Backing backing = Backing::kStatus;
  std::int64_t decided_cycle = 0;     // number of the scheduling cycle that decided it; 0: not ours
  std::vector<Slot> slots;            // by rank; empty without placement
  std::vector<std::int32_t> slot_of;  // rank -> index into slots, -1: not placed

  std::map<std::string, CommittedPod> committed;  // by key of the Occupant that stands for it
  std::set<std::string> uncounted_nodes;   // where a pod is committed whose size is not known yet
  std::int64_t uncounted_since_ms = 0;     // BootMs, while there are any
  std::string made_of;                     // stands for all that the spec makes pods from
  std::string placed_from;                 // the same, when the placement was made
  std::vector<sched::ShapeId> decided_on;  // by task, of a decision of ours

  base::SharedText pending_in;  // the tenant in whose queue it waits; empty: it does not wait
  std::optional<ReleaseDecision> release;
  std::optional<HoldView> hold;
  std::optional<HoldView> more_hold;  // of the replicas that a job which runs is still to get
  std::string refusal;         // the API server's words about a pod of this attempt; empty: none
  bool refusal_quota = false;  // that was "exceeded quota"

  Ledger ledger;
  bool eligible = false;                 // as of the last evaluation
  std::vector<api::TaskStatus> counted;  // ready pods and results as of the last evaluation
  std::int32_t counted_attempt = 0;      // whose they are; 0: there was no placement
  std::int64_t counted_ms = 0;           // when they last changed
  std::int64_t message_written_ms = 0;   // of the hold in the status
  std::int64_t rest_until_ms = 0;        // BootMs; a large job is not looked at before
  // A committed pod, or one that is released for another gang, whose size is not known yet: no
  // decision before.
  bool uncounted = false;
  bool void_placement = false;  // written by an older leader after our barrier
};

// Rank of (task, index) over tasks in order; -1 if the spec has no such pod.
std::int32_t RankOf(const JobEntry& entry, std::int32_t task, std::int32_t index);
// What the API server makes of a task's pods; null: the job has finished.
Template* TemplateOf(const JobEntry& entry, std::int32_t task);
// Index of a task by name; -1: none.
std::int32_t TaskIndex(const JobEntry& entry, const std::string& name);
// A short text that differs when pods would be made differently: tasks, GPU model, shared memory.
std::string MadeOf(const api::Job& job);
// Rebuilds replicas and rank_offset from the spec, slots and slot_of from `placement`.
void RefreshSlots(JobEntry& entry);
// There is no placement any more: what was decided and refused of its attempt ends with it.
void ForgetAttempt(JobEntry& entry);
// Forgets a decision that was not committed: the placement is what the status says.  If the job
// runs, a decision to evict it still stands.
void RevertPlacement(JobEntry& entry);
// Uid of the gang that its placement is being released for; empty: none.
const std::string& BeneficiaryOf(const JobEntry& entry);
// "tenant a may start nothing until …": why a job of unknown size holds others back.
std::string UncountedText(const std::string& tenant, const JobEntry& entry);
// min_member with its default applied.
std::int32_t MinMember(const JobEntry& entry);

}  // namespace muster::state
