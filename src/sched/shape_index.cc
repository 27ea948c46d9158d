#include "sched/shape_index.h"

#include <algorithm>

#include "muster/base/check.h"

namespace muster::sched {

Plugins::Plugins(const Policy& policy) {
  for (const std::string& name : policy.filters) {
    filters.push_back(FindFilter(name));
    MUSTER_CHECK(filters.back() != nullptr);
    (filters.back()->kind == FilterKind::kOthers ? others : by_node).push_back(filters.back());
  }
  for (const ScoreWeight& weighted : policy.scores) {
    scores.emplace_back(FindScore(weighted.plugin), weighted.weight);
    MUSTER_CHECK(scores.back().first != nullptr);
  }
}

void ShapeIndex::Evaluate(const Wanted& wanted, const Plugins& plugins, const Overlay& overlay,
                          std::uint32_t row) {
  Cell& cell = cells_[row];
  const NodeSlot& slot = wanted.world.nodes[row];
  const NodeView node{slot, row, &overlay};
  total_ -= cell.room;
  ++visited_;
  if (cell.version != slot.version || cell.version == 0) {
    cell.version = slot.version;
    fixed_ -= cell.fixed ? 1 : 0;
    cell.fixed = slot.node.has_value();
    for (const Filter* filter : plugins.by_node) {
      if (!cell.fixed) break;
      if (filter->kind != FilterKind::kBusy) cell.fixed = filter->room(wanted, node).room > 0;
    }
    fixed_ += cell.fixed ? 1 : 0;
  }
  cell.room = cell.fixed ? kAnyNumber : 0;
  for (const Filter* filter : plugins.by_node) {
    if (cell.room == 0) break;
    if (filter->kind != FilterKind::kBusy) continue;
    cell.room = std::min(cell.room, filter->room(wanted, node).room);
  }
  total_ += cell.room;
  cell.score = 0;
  if (cell.room == 0) return;
  for (const auto& [score, weight] : plugins.scores) {
    cell.score += weight * score->score(wanted, node);
  }
}

bool ShapeIndex::Better(const WorldState& world, std::uint32_t a, std::uint32_t b) const {
  if (a == kNoSlot || b == kNoSlot) return b == kNoSlot;
  if (cells_[a].score != cells_[b].score) return cells_[a].score > cells_[b].score;
  return world.nodes.name(a) <= world.nodes.name(b);
}

void ShapeIndex::Rebuild(const WorldState& world) {
  leaves_ = 1;
  while (leaves_ < cells_.size()) leaves_ *= 2;
  tree_.assign(std::size_t{leaves_} * 2, kNoSlot);
  for (std::uint32_t row = 0; row < cells_.size(); ++row) {
    if (cells_[row].room > 0) tree_[leaves_ + row] = row;
  }
  for (std::uint32_t at = leaves_ - 1; at > 0; --at) {
    const std::uint32_t left = tree_[2 * at], right = tree_[2 * at + 1];
    tree_[at] = Better(world, left, right) ? left : right;
  }
}

void ShapeIndex::Lift(const WorldState& world, std::uint32_t row) {
  std::uint32_t at = leaves_ + row;
  tree_[at] = cells_[row].room > 0 ? row : kNoSlot;
  for (at /= 2; at > 0; at /= 2) {
    const std::uint32_t left = tree_[2 * at], right = tree_[2 * at + 1];
    tree_[at] = Better(world, left, right) ? left : right;
  }
}

void ShapeIndex::CatchUp(const Wanted& wanted, const Plugins& plugins, const Overlay& overlay) {
  visited_ = 0;
  const std::uint64_t end = overlay.log_end();
  const bool fresh = cursor_ < overlay.log_begin() || end - cursor_ > overlay.rows() + 64;
  if (fresh) {
    cells_.assign(overlay.rows(), Cell{});
    total_ = fixed_ = 0;
    for (std::uint32_t row = 0; row < overlay.rows(); ++row) {
      Evaluate(wanted, plugins, overlay, row);
    }
    Rebuild(wanted.world);
  } else if (cursor_ < end) {
    const bool grown = overlay.rows() > cells_.size();
    if (grown) cells_.resize(overlay.rows());
    for (; cursor_ < end; ++cursor_) {
      Evaluate(wanted, plugins, overlay, overlay.LogAt(cursor_));
      if (!grown) Lift(wanted.world, overlay.LogAt(cursor_));
    }
    if (grown) Rebuild(wanted.world);
  }
  cursor_ = end;
}

ShapeIndex::Walk::Walk(const ShapeIndex& index, const WorldState& world)
    : index_(index), world_(world) {
  Push(1);
}

void ShapeIndex::Walk::Push(std::uint32_t at) {
  if (index_.tree_[at] == kNoSlot) return;
  heap_.push_back(at);
  std::push_heap(heap_.begin(), heap_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return !index_.Better(world_, index_.tree_[a], index_.tree_[b]);
  });
}

// Down to the leaf of the winner: what is beside that way comes later.
std::uint32_t ShapeIndex::Walk::Next() {
  if (heap_.empty()) return kNoSlot;
  std::pop_heap(heap_.begin(), heap_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return !index_.Better(world_, index_.tree_[a], index_.tree_[b]);
  });
  std::uint32_t at = heap_.back();
  heap_.pop_back();
  const std::uint32_t row = index_.tree_[at];
  while (at < index_.leaves_) {
    at *= 2;
    if (index_.tree_[at] != row) ++at;
    Push(at ^ 1U);
  }
  return row;
}

}  // namespace muster::sched
