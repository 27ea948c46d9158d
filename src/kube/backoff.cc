#include "backoff.h"

#include <algorithm>

namespace muster::kube {

std::uint64_t NextRandom(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

Backoff::Backoff(std::int64_t first_ms, std::int64_t max_ms, std::uint64_t seed)
    : first_ms_(first_ms), max_ms_(max_ms), current_ms_(first_ms), state_(seed) {}

std::int64_t Backoff::Next() {
  const std::int64_t whole = current_ms_;
  current_ms_ = std::min(max_ms_, current_ms_ * 2);
  const std::int64_t half = whole / 2;
  const auto span = static_cast<std::uint64_t>(whole - half + 1);
  return half + static_cast<std::int64_t>(NextRandom(state_) % span);
}

}  // namespace muster::kube
