// Exponential back-off with jitter, the same for the same seed.
//
// Threads: none of its own; one owner.
#pragma once

#include <cstdint>

namespace muster::kube {

class Backoff {
 public:
  // REQUIRES: 0 < first_ms <= max_ms.
  Backoff(std::int64_t first_ms, std::int64_t max_ms, std::uint64_t seed);

  // The next wait: doubles from first_ms to max_ms, and of that a random half to whole.
  std::int64_t Next();
  void Reset() { current_ms_ = first_ms_; }

 private:
  std::int64_t first_ms_;
  std::int64_t max_ms_;
  std::int64_t current_ms_;
  std::uint64_t state_;
};

// splitmix64 (Steele, Lea, Flood 2014): one step of a small random sequence.
std::uint64_t NextRandom(std::uint64_t& state);

}  // namespace muster::kube
