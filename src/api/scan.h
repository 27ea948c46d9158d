// Cuts an object into its sections and a list into its items, so that one that cannot be parsed
// leaves the others alone, and what nobody reads is not parsed at all.
//
// It does not validate; the parser that gets the pieces does.  Threads: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "muster/base/json_scan.h"

namespace muster::api {

// Deeper JSON than this is refused: the parser's output is walked recursively.
inline constexpr int kMaxDepth = 200;

// Values of the named members of the object `json`, in the order of `names`; empty where absent or
// where the text is torn before it.  Of a repeated member the last one counts.
template <std::size_t kCount>
std::array<std::string_view, kCount> Members(std::string_view json,
                                             const std::array<std::string_view, kCount>& names) {
  std::array<std::string_view, kCount> found{};
  base::JsonScanner scan(json);
  if (!scan.Take('{')) return found;
  do {
    const auto key = scan.Key();
    if (!key) break;
    const auto value = scan.Value();
    if (!value) break;
    for (std::size_t i = 0; i < kCount; ++i) {
      if (names[i] == *key) found[i] = *value;
    }
  } while (scan.Take(','));
  return found;
}

// Copies `json` with null in place of every value whose key is in `drop`.  `strings` says whether
// text values go too, or only objects and arrays.  False if it is nested deeper than kMaxDepth.
struct Drop {
  std::span<const std::string_view> keys;
  bool strings = false;
};
bool CopyWithout(std::string_view json, const Drop& drop, std::string& out);

}  // namespace muster::api
