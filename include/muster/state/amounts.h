// The API's resource lists in the core's words: memory in MiB, "gpu" under its configured name.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/api/core.h"
#include "muster/api/meta.h"
#include "muster/sched/types.h"
#include "muster/state/volumes.h"

namespace muster::state {

// What requests round up and what a node offers rounds down, so that nothing is promised twice.
enum class Rounding { kUp, kDown };

// An amount of `name` in the core's unit; cut to the core's range.
std::int64_t ToCoreUnit(std::string_view name, std::int64_t value, Rounding rounding);

// Names as in sched::Amounts; "gpu" becomes `gpu_resource`.  Zero and negative entries vanish,
// amounts beyond the core's range are cut to it, and of one resource under both its names the
// lesser counts.
sched::Amounts ToAmounts(const api::ResourceList& list, Rounding rounding,
                         const std::string& gpu_resource);

// The same of a list of ceilings: a zero forbids and stays, because what is not named is unlimited;
// of one resource under both its names the lesser counts; what is no whole unit rounds down.
sched::Amounts ToCeilings(const api::ResourceList& list, const std::string& gpu_resource);

// Back, for statuses: memory in bytes.
api::ResourceList ToResourceList(const sched::Amounts& amounts);

// The amount of one name, 0 if absent.
std::int64_t AmountOf(const sched::Amounts& amounts, std::string_view name);

// a + b; clamped.
sched::Amounts Plus(const sched::Amounts& a, const sched::Amounts& b);

// What the filters see of a pod; of claims that are not bound they see nothing.
sched::Shape ToShape(const api::PodNeeds& needs, const PodVolumes& volumes,
                     const std::string& gpu_model, const std::string& gpu_resource);

// "limits.cpu" … of a pod, for namespace quotas.
sched::Amounts ToLimits(const api::PodNeeds& needs);

sched::Node ToNode(const api::Node& node, const std::string& gpu_resource);

}  // namespace muster::state
