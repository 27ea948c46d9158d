// Ties as tests write them.
#pragma once

#include <string>

#include "testing/scenario.h"

namespace muster::sched::testing {

inline constexpr char kHost[] = "kubernetes.io/hostname";

inline Tie In(const std::string& set) { return {TieKind::kIsIn, set, ""}; }
inline Tie Avoids(const std::string& set, const std::string& topology = kHost) {
  return {TieKind::kAvoids, set, topology};
}
inline Tie Joins(const std::string& set, const std::string& topology = kHost) {
  return {TieKind::kJoins, set, topology};
}
inline Tie Spreads(const std::string& set, const std::string& topology = "zone",
                   std::int32_t max_skew = 1, std::int32_t min_domains = 0) {
  return {TieKind::kSpreads, set, topology, max_skew, min_domains};
}

}  // namespace muster::sched::testing
