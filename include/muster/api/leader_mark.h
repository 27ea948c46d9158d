// Who leads, as the policies of the fence read it: two annotations of the operator's own namespace
// (docs/adr/0002-fence.md).
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "muster/api/core.h"

namespace muster::api {

inline constexpr char kAnnotationLeader[] = "scheduler.io/leader";  // and kAnnotationEpoch

struct LeaderMark {
  std::string replica;     // its pod or its user name; empty: nobody has led yet
  std::int64_t epoch = 0;  // of its leadership; only rises
  friend bool operator==(const LeaderMark&, const LeaderMark&) = default;
};

// What cannot be read is as if nobody had led.
LeaderMark ReadLeaderMark(const Namespace& ns);

// Merge patch of the Namespace.
std::string RenderLeaderMark(const LeaderMark& mark);

}  // namespace muster::api
