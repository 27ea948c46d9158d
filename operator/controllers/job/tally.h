// What the pods of a job say, counted once for all rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controllers/job/plan.h"

namespace muster::op {

enum class Fate {
  kMissing,  // to be created
  kLive,     // exists and is not terminal
  kSucceeded,
  kFailed,  // by its own fault: counts against maxRetries
  kLost,    // gone, or ended by the infrastructure: does not count
};

struct Tally {
  std::vector<Fate> fates;  // by index into JobEntry::slots
  std::int32_t ready = 0;   // Ready now, or succeeded
  std::int32_t live = 0;
  std::int32_t missing = 0;
  std::int32_t failed = 0;
  std::int32_t lost = 0;
  std::int32_t stranded = 0;           // of `live`: see IsStranded
  std::int32_t overdue = 0;            // of `stranded`: see IsOverdue
  std::int32_t succeeded = 0;          // of all ranks, earlier results that are kept included
  std::int32_t kept = 0;               // of `succeeded`: those of earlier attempts
  std::int32_t placed = 0;             // slots
  std::vector<api::TaskStatus> tasks;  // with results merged in
  const state::PodEntry* first_failed = nullptr;  // lowest rank
  const state::PodEntry* first_lost = nullptr;
  const state::PodEntry* first_stranded = nullptr;
  std::vector<const state::PodEntry*> mine;    // live pods of the placement
  std::vector<const state::PodEntry*> strays;  // live or void pods of no current placement
  base::TimePoint last_finish;
  base::TimePoint replace_at;  // when all of `stranded` may be replaced; 0: when they have ended
  base::TimePoint look_at;     // when the next live pod or stray may be; 0: none
  std::string waiting;         // first container's waiting reason and message
};

Tally CountPods(const state::JobEntry& entry, const JobFacts& facts);

// True for ends that are not the job's own fault: eviction, kubelet refusal, node loss, deletion.
bool IsInfrastructure(const api::Pod& pod);

// When the job may go on as if the pod had ended: its node has been silent for as long as the job's
// podReplacementPolicy wants; 0: when it has ended.
base::TimePoint ReplaceAt(const state::JobEntry& entry, const state::PodEntry& pod,
                          const JobFacts& facts);
// Its node is silent: it may still run there, and nobody can tell when it will have ended.  It has
// been deleted, or it may be replaced.
bool IsStranded(const state::JobEntry& entry, const state::PodEntry& pod, const JobFacts& facts);
// Stranded, to be replaced, and deleted: a kubelet that comes back ends it, whatever becomes of us.
bool IsOverdue(const state::JobEntry& entry, const state::PodEntry& pod, const JobFacts& facts);

// "node n was lost with pod x-main-3 and 2 more"; there is a stranded pod.
std::string DescribeLostNode(const Tally& tally);
std::string DescribeLostNode(const api::Pod& first, std::int32_t more);
// "; pod x-main-3 of attempt 1 may still run on node n" for the strays of a job that goes on
// without their end; empty: there is none.
std::string DescribeLeftBehind(const state::JobEntry& entry, const JobFacts& facts,
                               const Tally& tally);
// What is added to that sentence where the pods must have ended before anything else.
inline constexpr std::string_view kUntilItEnds =
    "; waiting until that node is back, deleted or tainted out-of-service, because the pod may "
    "still run there";

// The same where the job waits no longer than until `replace_at`; 0: until they have ended.
std::string UntilItEnds(base::TimePoint replace_at);

// "pod x-main-3 exited with code 3 (Error)" and the like.
std::string DescribeEnd(const api::Pod& pod);

}  // namespace muster::op
