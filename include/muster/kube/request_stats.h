// Requests to the API server, counted for the metrics.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace muster::kube {

// Upper bounds of the latency buckets in milliseconds; one more bucket takes the rest.
inline constexpr std::array<std::int64_t, 13> kLatencyBoundsMs = {
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 2'000, 5'000, 10'000};

// Requests of one verb since the start, retries counted each.
struct VerbStats {
  std::map<int, std::int64_t> by_status;  // HTTP status; 0: no answer came
  std::array<std::int64_t, kLatencyBoundsMs.size() + 1> latency{};  // not cumulative
  std::int64_t latency_sum_ms = 0;

  void Count(int status, std::int64_t took_ms);
};

// By "get", "list", "watch", "create", … ; of watches there is no latency.
using RequestStats = std::map<std::string, VerbStats>;

}  // namespace muster::kube
