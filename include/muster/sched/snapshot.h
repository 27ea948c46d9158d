// A cycle as text, to be decided again elsewhere: the World, the Policy, and the digest of the
// Plan.
//
//   muster-snapshot 1
//   policy {…}
//   now 1700000000000
//   shape {…}  node {…}  tenant {…}  quota {…}  budget {…}  gang {…}  occupant {…}  reservation {…}
//   plan 00c0ffee00c0ffee
//
// One object a line, each kind by name, fields that are as by default left out.  It is the World's
// canonical form: Worlds that hold the same have the same text, however they came to it, and a
// World that is read from it gives the same Plan, byte for byte.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/base/result.h"
#include "muster/sched/plan.h"
#include "muster/sched/policy.h"
#include "muster/sched/world.h"

namespace muster::sched {

// From "now" to the last reservation.
std::string WorldToText(const World& world);

// Of all that ToText says of the Plan, and when it wants to be woken.
std::uint64_t DigestOf(const Plan& plan, const World& world);

// The whole text of one cycle; `world` as it was when the Plan was made.
std::string SnapshotText(const World& world, const Policy& policy, std::uint64_t digest);

struct Snapshot {
  Policy policy;
  World world;
  std::uint64_t digest = 0;
};

// Reads the first cycle of `text` and takes it away from it.  `line` counts the lines that were
// read before.  kInvalid: "line:column: what is wrong", also for a filter or score that this build
// does not have.  Amounts and counts are taken as they are: what is read must have been written by
// SnapshotText.
base::Result<Snapshot> TakeSnapshot(std::string_view& text, std::int64_t& line);

}  // namespace muster::sched
