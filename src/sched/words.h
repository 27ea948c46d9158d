// Amounts in the words of the people who asked for them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::sched {

// "cpu" 1500 -> "1500m", "memory" 2048 -> "2Gi", devices -> "8"; limits.* as what they limit.
std::string AmountText(std::string_view resource, std::int64_t amount);

}  // namespace muster::sched
