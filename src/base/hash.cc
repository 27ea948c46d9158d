#include "muster/base/hash.h"

namespace muster::base {

std::uint64_t StableHash(std::string_view text) {
  std::uint64_t h = 14695981039346656037ULL;
  for (const char c : text) {
    h ^= static_cast<unsigned char>(c);
    h *= 1099511628211ULL;
  }
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ULL;
  h ^= h >> 33;
  return h;
}

std::string HashText(std::string_view text, int length) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::uint64_t h = StableHash(text);
  std::string out;
  for (int i = 0; i < length; ++i, h >>= 5) out += kAlphabet[h & 31];
  return out;
}

}  // namespace muster::base
