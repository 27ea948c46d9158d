// Recorded cycles (sched/snapshot.h), decided again.
//
// Errors: kInvalid with "file:line:column: what is wrong".  Threads: a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "muster/base/result.h"
#include "muster/sched/policy.h"
#include "muster/sim/read.h"

namespace muster::sim {

struct Replay {
  std::int64_t cycles = 0;
  std::int64_t other = 0;    // cycles whose Plan is not the recorded one
  std::int64_t changed = 0;  // with another Policy: cycles whose Plan that changes
  std::string text;          // for people; ends in a newline
};

// Decides every cycle under its own Policy, and where one is given under `instead` too: then the
// text has the lines of the Plan that go ("-") and come ("+").
base::Result<Replay> ReplayCycles(const Text& file, const std::optional<sched::Policy>& instead);

}  // namespace muster::sim
