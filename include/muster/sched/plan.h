// A Plan is the whole output of one scheduling cycle, as data.  Nothing in it has happened yet:
// the actuator makes it happen.
//
// Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/sched/reason.h"
#include "muster/sched/types.h"

namespace muster::sched {

struct Place {
  Row node;
  std::int32_t task = 0;   // index into Gang::tasks
  std::int32_t count = 0;  // replicas of it there, > 0
};

struct Start {
  GangId gang;
  std::vector<Place> places;  // by node name, then task
  bool borrowing = false;     // B at its start
};

// (a) and (b) of scheduling.md section 6; (b) between equal priorities is by least attained
// service.
enum class Rule { kReclaim, kPriority, kLeastAttained };
std::string_view ToString(Rule rule);

struct Eviction {
  GangId victim;
  GangId beneficiary;
  Rule rule = Rule::kPriority;
  std::string text;  // who, for whom, by which rule, what it costs, shares before and after
};

// A gang not started, with its one reason.
struct Hold {
  GangId gang;
  Reason reason = Reason::kPendingEvaluation;
  std::uint32_t text = 0;  // index into Plan::texts: the sentence with numbers
};

// What the cycle cost.  Not part of the decision: a warm Cache visits fewer nodes.
struct PlanStats {
  std::int64_t gangs_considered = 0;
  std::int64_t nodes_visited = 0;
  std::int64_t memo_hits = 0;
  std::int64_t trials = 0;
};

struct Plan {
  std::vector<Start> starts;        // in order of decision
  std::vector<Eviction> evictions;  // in order of decision
  std::vector<Hold> holds;          // every pending gang that is in no start
  std::vector<std::string> texts;
  // What the World must remember before the next cycle: the caller sets it with
  // World::SetReservations.
  std::vector<Reservation> reservations;
  // The next moment at which something in the World changes by itself (aging to another place in
  // the order, a protection or a reservation that ends); 0: none.  A wake-up, not a promise.
  base::TimePoint wake_at;
  PlanStats stats;
};

class World;
// A stable text form, one decision per line: the golden format of the tests.
//   start ns/name B? : node-a main x2, node-b main x1
//   evict ns/victim for ns/name: Reclaim
//   hold ns/name: WaitingForQuota: …
std::string ToText(const Plan& plan, const World& world);

}  // namespace muster::sched
