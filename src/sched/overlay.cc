#include "sched/overlay.h"

namespace muster::sched {
namespace {
constexpr std::size_t kLogMax = 1 << 18;
}

void Overlay::Build(ResourceId resource) {
  Column& column = columns_[resource.value];
  column.built = true;
  column.free.resize(rows_);
  for (std::uint32_t row = 0; row < rows_; ++row) {
    column.free[row] = world_->FreeOf(resource, row);
  }
}

void Overlay::Reload(std::uint32_t row) {
  for (std::uint32_t r = 0; r < columns_.size(); ++r) {
    if (columns_[r].built) columns_[r].free[row] = world_->FreeOf(ResourceId{r}, row);
  }
  Touch(row);
}

void Overlay::Refresh(const WorldState& world, const std::vector<ResourceId>& needed) {
  world_ = &world;
  const bool lost = journal_ < world.journal_base || log_.size() > kLogMax;
  rows_ = world.nodes.size();
  columns_.resize(world.columns.size());
  std::vector<bool> wanted(columns_.size(), false);
  for (const ResourceId resource : needed) wanted[resource.value] = true;
  for (std::uint32_t r = 0; r < columns_.size(); ++r) {
    if (!wanted[r] || lost) columns_[r] = Column{};
    if (columns_[r].built) columns_[r].free.resize(rows_);
  }
  ports_.clear();
  ties_.Reset(world);
  spreads_.Reset(world);
  shadows_.Clear();
  if (lost) {
    base_ = log_end() + 1;  // every cursor has missed something
    log_.clear();
  } else {
    const std::uint64_t own = log_end();
    for (std::uint64_t i = settled_; i < own; ++i) Reload(LogAt(i));
    const std::uint64_t end = world.journal_base + world.journal.size();
    for (std::uint64_t i = journal_; i < end; ++i) Reload(world.journal[i - world.journal_base]);
  }
  for (const ResourceId resource : needed) {
    if (!columns_[resource.value].built) Build(resource);
  }
  journal_ = world.journal_base + world.journal.size();
  settled_ = log_end();
}

}  // namespace muster::sched
