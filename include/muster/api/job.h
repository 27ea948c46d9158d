// scheduler.io/v1 Job (crds/jobs.yaml).  The short form is read into the same structs: its one task
// is called "main".
//
// Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/api/meta.h"

namespace muster::api {

struct TaskSpec {
  SharedText name;
  std::int32_t replicas = 1;
  SharedText template_json;  // PodTemplateSpec as JSON; of the short form, the one it stands for
};

struct RetryPolicy {
  std::int32_t max_retries = 0;
  SharedText backoff = "exponential";  // exponential, linear, fixed
  std::int64_t initial_delay_seconds = 10;
  std::int64_t max_delay_seconds = 300;
};

struct JobPreemption {
  SharedText policy = "LowerPriority";  // Reclaim, LowerPriority
  std::int32_t max_preemptions = 5;
  std::int64_t min_runtime_seconds = 0;
  std::int64_t grace_period_seconds = -1;  // -1: the template's terminationGracePeriodSeconds
};

struct JobSpec {
  std::vector<TaskSpec> tasks;
  bool short_form = false;  // written as image, command, …: then `tasks` is the one they stand for
  std::int32_t min_member = 0;  // 0: all replicas
  std::int64_t gang_timeout_seconds = 600;
  SharedText priority_class;                   // critical high normal low scavenger; empty: default
  std::optional<std::int32_t> priority_value;  // a number instead
  SharedText gpu_model;                        // gpu.model; empty: any
  std::int64_t shared_memory_bytes = 0;        // sharedMemory; 0: none
  base::TimePoint deadline;                    // 0: none
  std::int64_t max_runtime_seconds = 0;        // 0: none; of one attempt
  std::int64_t active_deadline_seconds = 0;    // 0: none; from the first start, all attempts
  RetryPolicy retry;
  JobPreemption preemption;
  SharedText pod_replacement_policy = "Failed";  // Failed, TerminatingOrFailed
  std::int64_t unreachable_seconds = 300;        // with TerminatingOrFailed
  bool suspend = false;
  bool cancel = false;
  std::optional<std::int64_t> ttl_seconds_after_finished;
};

// One node and task: the indexes that run there, as ranges ("0-7,12").
struct Assignment {
  SharedText node;
  SharedText node_uid;
  SharedText task;
  SharedText indexes;

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

enum class PlacementState { kCommitted, kMaterialised, kReleasing };

// Why a placement is being released (placement-protocol.md).
enum class ReleaseCause {
  kNone,
  kPreempted,
  kReclaimed,
  kSuspended,
  kCancelled,
  kFailed,
  kPodLost,
  kGangTimeout,
  kNodeLost,
  kDeadline,
  kMaxRuntime,
  kVoidEpoch,
  kRefused,
  kSpecChanged
};

struct Placement {
  std::int32_t attempt = 0;
  std::int32_t revision = 1;
  PlacementState state = PlacementState::kCommitted;
  ReleaseCause cause = ReleaseCause::kNone;  // with kReleasing
  SharedText beneficiary;                    // "namespace/name" the place is freed for
  SharedText beneficiary_uid;
  SharedText rule;         // Reclaim, Priority
  bool borrowing = false;  // B of scheduling.md section 6 at its start
  base::TimePoint committed_at;
  std::vector<Assignment> assignments;

  friend bool operator==(const Placement&, const Placement&) = default;
};

// A place that is kept for a job that waits: what others were evicted from; or a slot, what will be
// free at a time to come.
struct Reservation {
  struct Pods {
    SharedText task;
    std::int32_t count = 0;
    friend bool operator==(const Pods&, const Pods&) = default;
  };
  struct Node {
    SharedText name;
    ResourceList resources;  // kept there
    std::vector<Pods> pods;  // of the job, that this is for
    friend bool operator==(const Node&, const Node&) = default;
  };
  std::vector<Node> nodes;
  base::TimePoint until;  // 0: a slot
  base::TimePoint from;   // of a slot; else 0

  friend bool operator==(const Reservation&, const Reservation&) = default;
};

struct TaskStatus {
  SharedText name;
  std::int32_t ready = 0;
  SharedText succeeded;  // ranges
  SharedText failed;     // ranges

  friend bool operator==(const TaskStatus&, const TaskStatus&) = default;
};

struct JobStatus {
  std::int64_t observed_generation = 0;
  std::int64_t epoch = 0;
  std::int32_t attempt = 0;  // of the last placement; only grows
  std::optional<Placement> placement;
  std::optional<Reservation> reservation;  // with phase Reserved; a slot with Pending
  SharedText tenant;
  SharedText priority;  // column: class or number in force
  // Pending Reserved Scheduling Running Preempting Suspended Succeeded Failed Cancelled
  SharedText phase;
  SharedText reason;  // of the closed list while pending
  SharedText message;
  std::int64_t gpus = 0;  // whole devices of all replicas
  SharedText ready;       // column: 7/8
  SharedText nodes;       // column: a few names and a count
  SharedText deadline;    // column: spec.deadline in UTC, to the minute
  std::vector<TaskStatus> tasks;
  std::int32_t failures = 0;  // counted against maxRetries
  std::int32_t preemptions = 0;
  base::TimePoint pending_since;     // start of the current wait
  std::int64_t waited_seconds = 0;   // earlier waits, for aging
  base::TimePoint not_before;        // back-off: no attempt before; 0: none
  base::TimePoint start_time;        // first pod since it was last suspended
  base::TimePoint attempt_ready_at;  // minMember Ready, of this attempt; 0: not yet
  base::TimePoint completion_time;
  std::vector<Condition> conditions;

  friend bool operator==(const JobStatus&, const JobStatus&) = default;
};

struct Job {
  Meta meta;
  std::string invalid;
  JobSpec spec;
  JobStatus status;
};

inline bool Finished(const JobStatus& s) {
  return s.phase == "Succeeded" || s.phase == "Failed" || s.phase == "Cancelled";
}
// The phases of a job that has no placement yet.
inline bool Waits(const std::string& phase) {
  return phase.empty() || phase == "Pending" || phase == "Reserved";
}

}  // namespace muster::api
