// Small text functions that more than one library needs.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::base {

// "*" matches any run of characters, everything else itself.
bool GlobMatch(std::string_view pattern, std::string_view text);

std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);

// At most `bytes` bytes of UTF-8, cut between characters.
std::string CutText(std::string_view text, std::size_t bytes);

// Decimal, whole text, no sign but '-'.
std::optional<std::int64_t> ParseInt(std::string_view text);

// Sets of small integers as ranges, the form of status.placement: {0,1,2,5} <-> "0-2,5".
// Input of FormatRanges: ascending, no duplicates.  ParseRanges: nothing on bad syntax,
// descending order, or more than `max_count` numbers.
std::string FormatRanges(const std::vector<std::int32_t>& numbers);
std::optional<std::vector<std::int32_t>> ParseRanges(std::string_view text, std::size_t max_count);

}  // namespace muster::base
