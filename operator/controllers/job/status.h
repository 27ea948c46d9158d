// The parts of a Job's status that are worded: conditions, columns, causes.
#pragma once

#include <string>
#include <string_view>

#include "controllers/conditions.h"
#include "controllers/job/tally.h"

namespace muster::op {

// As in conditions.h, for a Job's status and the generation that it speaks of.
struct ConditionText {
  std::string_view type;
  bool value = false;
  std::string_view reason;
  std::string message;
};
void SetCondition(api::JobStatus& status, const ConditionText& text, const JobFacts& facts);
void ClearCondition(api::JobStatus& status, std::string_view type, std::string_view reason,
                    const JobFacts& facts);

// "node-001, node-002 and 6 more".
std::string NodesColumn(const api::Placement& placement);
// Word for events and conditions: PodLost, GangTimeout, …
std::string_view CauseWord(api::ReleaseCause cause);

// Delay before the next attempt after `failures` counted failures (1, 2, …), in seconds:
// fixed d, linear d·n, exponential d·2^(n−1), at most max_delay_seconds.
std::int64_t BackoffSeconds(const api::RetryPolicy& policy, std::int32_t failures);

// Columns and fields that hold in every phase.
void SetCommon(api::JobStatus& status, const state::JobEntry& entry, const JobFacts& facts,
               const Tally& tally);

}  // namespace muster::op
