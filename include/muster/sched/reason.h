// The closed list of reasons why a gang is held, in order of precedence
// (docs/reference/reasons.md). The same words are status.reason, event texts and metric labels.
//
// Plain values and a pure function.
#pragma once

#include <string_view>

namespace muster::sched {

enum class Reason {
  kSuspended,
  kMisconfigured,
  kNoTenant,
  kWaitingForRetry,
  kExceedsMaxQuota,
  kWaitingForQuota,
  kNoMatchingNodes,
  kGangIncomplete,
  kReservedForLater,
  kWaitingForPreemptedWorkloads,
  kMaxPreemptionsReached,
  kNodesUnhealthy,
  kWaitingForLostNode,
  kPendingEvaluation,
};

// "Suspended", "Misconfigured", … ; never fails.
std::string_view ToString(Reason reason);

}  // namespace muster::sched
