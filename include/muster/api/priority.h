// Priority levels (scheduling.md section 3): critical 1000, high 750, normal 500, low 250,
// scavenger 100.
//
// Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::api {

struct PriorityLevel {
  std::string_view name;
  std::int32_t value;
};

inline constexpr std::array<PriorityLevel, 5> kPriorityLevels{
    {{"critical", 1000}, {"high", 750}, {"normal", 500}, {"low", 250}, {"scavenger", 100}}};

inline std::optional<std::int32_t> PriorityOf(std::string_view name) {
  for (const PriorityLevel& level : kPriorityLevels) {
    if (level.name == name) return level.value;
  }
  return std::nullopt;
}

// The class a value stands for, or the number itself.
inline std::string PriorityName(std::int32_t value) {
  for (const PriorityLevel& level : kPriorityLevels) {
    if (level.value == value) return std::string(level.name);
  }
  return std::to_string(value);
}

}  // namespace muster::api
