// What to do about one Job now: a pure function of the entry and a few facts.
//
// The rules are those of docs/adr/0001-commit-protocol.md: a gang is committed by one status write,
// its pods are created only while the placement is Committed, they are deleted only while it is
// Releasing, and the next attempt starts when nothing of the last one runs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/api/render.h"
#include "muster/base/clock.h"
#include "muster/kube/client.h"
#include "muster/state/job_entry.h"
#include "muster/state/template_cache.h"

namespace muster::op {

// Everything besides the entry that the decision may depend on.
struct JobFacts {
  base::TimePoint now;
  std::int64_t boot_ms = 0;
  std::int64_t epoch = 0;
  std::string tenant;                           // empty: the namespace is unclaimed
  std::string gpu_resource = "nvidia.com/gpu";  // what the column GPUS counts
  const api::Tenant* tenant_object = nullptr;
  std::vector<const state::Template*> templates;  // by task; null: unknown
  std::vector<const state::PodEntry*> pods;       // all of the job's
  const std::map<std::string, api::Node>* nodes = nullptr;
  std::string over_limit;                      // count limit that holds the job back; empty: none
  const state::JobEntry* uncounted = nullptr;  // because of which the tenant may start nothing
};

struct PodDelete {
  std::string key;  // namespace/name
  std::string uid;
  std::int64_t grace_seconds = -1;  // -1: the pod's own
};

struct JobActions {
  std::optional<api::JobStatus> status;  // to be written
  kube::Lane lane = kube::Lane::kRest;
  std::vector<api::EventText> events;  // about the job; with `status`: once that is written
  std::vector<std::int32_t> creates;   // indexes into JobEntry::slots
  std::vector<std::int32_t> give_up;   // likewise: no pods for them in this attempt
  std::vector<PodDelete> deletes;
  std::vector<std::int32_t> ask_templates;  // tasks whose dry run is due
  std::vector<std::string> look_for;        // pods whose create has not been observed in time
  bool read_back = false;                   // the job itself
  bool create_service = false;
  bool delete_job = false;
  bool drop_placement = false;           // forget a decision that was not committed
  bool eligible = false;                 // the scheduler may place (more of) it
  std::vector<api::TaskStatus> counted;  // now: JobEntry::counted of the next evaluation
  std::int64_t wake_in_ms = 0;  // look again after this time; 0: only when something changes
};

JobActions PlanJob(const state::JobEntry& entry, const JobFacts& facts);

}  // namespace muster::op
