// The parts of a Job's status that are worded: conditions, columns, causes.
#pragma once

#include <string>
#include <string_view>

#include "controllers/job/tally.h"

namespace muster::op {

// Sets or replaces a condition; the transition time moves only when the status word changes.
struct ConditionText {
  std::string_view type;
  bool value = false;
  std::string_view reason;
  std::string message;
};
void SetCondition(api::JobStatus& status, const ConditionText& text, const JobFacts& facts);
// Sets a condition to False if it exists; never adds one.
void ClearCondition(api::JobStatus& status, std::string_view type, std::string_view reason,
                    const JobFacts& facts);
const api::Condition* FindCondition(const api::JobStatus& status, std::string_view type);

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
