// What to do about one Workflow now: a pure function of the object, its Jobs and the ledger.
//
// A task's Job is created when all its dependencies succeeded.  Tasks that depend, directly or not,
// on one that failed are Skipped; the others go on.  The Workflow ends when nothing of it runs and
// nothing more can start: Succeeded if every task did, else Failed.
//
// Names of Jobs are fixed (`<workflow>-<task>`), so that a new leader repeats nothing; results
// outlive their Jobs in status.tasks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/api/render.h"
#include "muster/api/workflow.h"

namespace muster::op {

// What was issued and is not yet observed.
struct WorkflowLedger {
  std::string uid;
  std::int64_t checked_generation = -1;
  std::string complaint;                        // of WhyNotWorkflow at that generation
  std::map<std::string, std::int64_t> creates;  // task -> BootMs of the request
  struct Refusal {
    std::string text;
    std::int64_t retry_at_ms = 0;  // BootMs
    bool told = true;              // a refusal for good: Misconfigured; else only tried again
  };
  std::map<std::string, Refusal> refused;  // by task
  bool status_in_flight = false;
  std::int64_t status_ms = 0;     // BootMs of the last status write
  std::string written_from;       // resourceVersion the last good status write was made from
  std::int64_t failed_at_ms = 0;  // of the last refused status write; 0: none
  std::int32_t failures = 0;      // in a row
};

// The Job that bears the name of a task's Job.
struct TaskJob {
  bool exists = false;
  bool ours = false;
  std::string holder;  // with !ours: words for the condition
  std::string phase;   // "" while the Job has no status
  std::string reason;  // while it is pending
  std::string message;
};

struct WorkflowFacts {
  base::TimePoint now;
  std::int64_t boot_ms = 0;
  std::int64_t epoch = 0;
  std::vector<TaskJob> jobs;  // by task
};

struct WorkflowActions {
  std::optional<api::WorkflowStatus> status;  // to be written
  std::vector<std::size_t> creates;           // tasks whose Job is to be created
  std::vector<api::EventText> events;         // once the status is written
  std::int64_t wake_in_ms = 0;
};

// REQUIRES: facts.jobs has one entry a task; ledger.complaint is up to date.
WorkflowActions PlanWorkflow(const api::Workflow& workflow, const WorkflowLedger& ledger,
                             const WorkflowFacts& facts);

}  // namespace muster::op
