// A stable hash: the same text gives the same value on every machine and in every release.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::base {

// FNV-1a, 64 bits, with a final avalanche (murmur3's fmix64) so that prefixes of it are usable.
std::uint64_t StableHash(std::string_view text);

// The first `length` characters of StableHash in lower-case base 32 (a-z2-7), length <= 12.
std::string HashText(std::string_view text, int length);

}  // namespace muster::base
