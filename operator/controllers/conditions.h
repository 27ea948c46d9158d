// Conditions of any kind's status, and columns that say used/hard.
//
// Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/api/meta.h"

namespace muster::op {

const api::Condition* FindCondition(const std::vector<api::Condition>& conditions,
                                    std::string_view type);

// Sets or replaces one; its transition time moves only when the status word changes.
void SetCondition(std::vector<api::Condition>& conditions, api::Condition next,
                  base::TimePoint now);
// Makes one False if it is there and True; never adds one.  `generation` is the one it was decided
// from.
void ClearCondition(std::vector<api::Condition>& conditions, std::string_view type,
                    std::string_view reason, std::int64_t generation, base::TimePoint now);

// The most a sentence in a status holds, in bytes; longer ones are cut between characters.
inline constexpr std::size_t kMaxMessage = 1'024;
std::string CutMessage(std::string_view text);

// An amount as people write it: "1500m" for cpu, "4Gi" for what is counted in bytes, "8".
std::string FormatAmount(std::string_view resource, std::int64_t amount);
// "5/10"; without a ceiling "5".
std::string FormatUsed(std::string_view resource, std::int64_t used,
                       std::optional<std::int64_t> hard);

}  // namespace muster::op
