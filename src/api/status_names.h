// The words of enumerations in status.placement.
#pragma once

#include <array>
#include <string_view>

namespace muster::api {

// In the order of the enumerators.
inline constexpr std::array<std::string_view, 3> kPlacementStates = {"Committed", "Materialised",
                                                                     "Releasing"};
inline constexpr std::array<std::string_view, 14> kReleaseCauses = {
    "None",        "Preempted", "Reclaimed", "Suspended",  "Cancelled", "Failed",  "PodLost",
    "GangTimeout", "NodeLost",  "Deadline",  "MaxRuntime", "VoidEpoch", "Refused", "SpecChanged"};

}  // namespace muster::api
