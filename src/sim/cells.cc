#include "sim/cells.h"

#include <algorithm>
#include <cstdio>

namespace muster::sim {

std::string Number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

std::string Span(double seconds) {
  constexpr double kMinute = 60, kHour = 3600, kDay = 86400;
  if (seconds < 2 * kMinute) return Number(seconds, 0) + " s";
  if (seconds < 2 * kHour) return Number(seconds / kMinute, 1) + " min";
  if (seconds < 2 * kDay) return Number(seconds / kHour, 1) + " h";
  return Number(seconds / kDay, 1) + " d";
}

std::string Left(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string Right(const std::string& text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

}  // namespace muster::sim
