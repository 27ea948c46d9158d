// The two extension points of placement.  A plugin is pure: it reads the class and the node and
// answers.  To add one: <name>.cc here with its test, and its row in registry.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/sched/policy.h"
#include "sched/model/world_state.h"
#include "sched/overlay.h"

namespace muster::sched {

// The class that looks for a place.
struct Wanted {
  const WorldState& world;
  const Policy& policy;
  const ShapeSlot& shape;
  ShapeId id;  // of the shape
  std::uint32_t ties = kNoSlot;
};

// One node as it would be if the decisions so far were carried out, or as if nothing ran there.
struct NodeView {
  const NodeSlot& slot;  // REQUIRES: slot.node
  std::uint32_t row = 0;
  const Overlay* overlay = nullptr;  // null: as if empty

  std::int64_t Free(const WorldState& world, ResourceId resource) const {
    return overlay ? overlay->Free(resource, row) : world.AllocatableOf(resource, row);
  }
};

inline constexpr std::int64_t kAnyNumber = 1'000'000;

struct Answer {
  std::int64_t room = kAnyNumber;  // replicas of the class that may go there; 0: none
  std::uint64_t detail = 0;        // of a refusal: equal details read the same
  // Of kOthers: pods of the class on other nodes may make it more.  Refusals of one detail end
  // together then.
  bool grows = false;
};

enum class FilterKind {
  kLasting,  // changes only with the node object
  kHealth,   // likewise, and the node may take it again by itself
  kBusy,     // depends on what runs there
  kOthers,   // depends on which pods run there and elsewhere, and on more than the class: asked of
             // those nodes alone that are about to be used, and kept nowhere
};

struct Filter {
  std::string_view name;
  FilterKind kind = FilterKind::kLasting;
  Answer (*room)(const Wanted& wanted, const NodeView& node) = nullptr;
  // The refusal in words that follow a number of nodes: "insufficient nvidia.com/gpu (need 8)".
  // REQUIRES: room said 0.
  std::string (*why_not)(const Wanted& wanted, const NodeView& node) = nullptr;
};

inline constexpr std::int64_t kFullScore = 100'000;  // 100 points, in thousandths

struct Score {
  std::string_view name;
  // 0 to kFullScore; higher is better.  REQUIRES: every filter has room for one replica.
  std::int64_t (*score)(const Wanted& wanted, const NodeView& node) = nullptr;
};

// Null if there is none of this name.
const Filter* FindFilter(std::string_view name);
const Score* FindScore(std::string_view name);

}  // namespace muster::sched
