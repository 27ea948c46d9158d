// Numbers and table cells as people read them.  Private to sim.
#pragma once

#include <string>

namespace muster::sim {

std::string Number(double value, int decimals);

// As a person says it: seconds below two minutes, else minutes, hours, days with one decimal.
std::string Span(double seconds);

// Filled up with blanks.
std::string Left(std::string text, std::size_t width);
std::string Right(const std::string& text, std::size_t width);

}  // namespace muster::sim
