#include "muster/sched/reason.h"

namespace muster::sched {

std::string_view ToString(Reason reason) {
  switch (reason) {
    case Reason::kSuspended:
      return "Suspended";
    case Reason::kMisconfigured:
      return "Misconfigured";
    case Reason::kNoTenant:
      return "NoTenant";
    case Reason::kWaitingForRetry:
      return "WaitingForRetry";
    case Reason::kExceedsMaxQuota:
      return "ExceedsMaxQuota";
    case Reason::kWaitingForQuota:
      return "WaitingForQuota";
    case Reason::kNoMatchingNodes:
      return "NoMatchingNodes";
    case Reason::kGangIncomplete:
      return "GangIncomplete";
    case Reason::kReservedForLater:
      return "ReservedForLater";
    case Reason::kWaitingForPreemptedWorkloads:
      return "WaitingForPreemptedWorkloads";
    case Reason::kMaxPreemptionsReached:
      return "MaxPreemptionsReached";
    case Reason::kNodesUnhealthy:
      return "NodesUnhealthy";
    case Reason::kWaitingForLostNode:
      return "WaitingForLostNode";
    case Reason::kPendingEvaluation:
      return "PendingEvaluation";
  }
  return "";
}

}  // namespace muster::sched
