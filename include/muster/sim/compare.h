// Runs of one workload under several policies, beside each other.
//
// A ratio is the figure over the first side's; there is none where that is 0.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "muster/sim/report.h"

namespace muster::sim {

struct Side {
  std::string name;
  Report report;
};

// A figure that is compared: its name for people and for programs, and whether it is a time.
struct Figure {
  std::string title;
  std::string key;
  bool is_time = false;
  int decimals = 0;  // of what is no time
  double (*of)(const Report&) = nullptr;
};
const std::vector<Figure>& Figures();

// One table: a row a figure, a column a side, with ratios.
std::string CompareText(const std::vector<Side>& sides);
// The reports and the ratios; ends in a newline.
std::string CompareJson(const std::vector<Side>& sides);

}  // namespace muster::sim
