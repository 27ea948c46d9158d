// Where a gang goes: all of its replicas or, if it allows that, as many as fit but at least its
// minimum.  Largest dominant share first; each task fills the best node, then the next best.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/cycle.h"

namespace muster::sched {

enum class Size {
  kMost,   // all, else as many as fit, at least the minimum
  kLeast,  // the minimum
};

struct Placed {
  std::vector<Place> places;  // by node name, then task; empty: it does not fit
  Sums used, limits;          // in all
};

// Takes nodes and quota in the Trial (under kUp and kTotal) if it fits; else leaves it as it was.
Placed PlaceGang(Cycle& cycle, Trial& trial, std::uint32_t gang, Size size, const Stay& stay);

// The same with these pods; they may be others than the gang has by now.
Placed PlaceAsKept(Cycle& cycle, Trial& trial, std::uint32_t gang, const std::vector<Place>& pods,
                   const Stay& stay);

// Whether each task of the smallest start has a node that could take it, were the node empty.
bool Placeable(Cycle& cycle, const Request& request);

// Replicas of the tasks, in all, that fit now one beside the other, quota apart.
std::int64_t CountFitting(Cycle& cycle, const Request& request);

// Puts them there, in the Trial.
std::int64_t PlaceFitting(Cycle& cycle, Trial& trial, const Request& request);

// The ceiling that keeps the gang's smallest legal start from its quota, if one does.
// `ended`: running gangs of its tenant that are taken for gone.
Refusal RefusalOf(Cycle& cycle, std::uint32_t gang, std::int32_t ended = 0);

// What a request is short of in the first place: devices, else CPU, else the first by name.
std::optional<ResourceId> Scarce(const Cycle& cycle, const Sums& request);

}  // namespace muster::sched
