// The nodes as they would be if the decisions so far were carried out: free amounts and ports, over
// the World's columns, and who is beside whom; private to a Cache.  Kept between cycles and caught
// up by the journal; only columns that some pending gang asks for are built.  And what slots leave
// of them in times to come.
//
// Every changed row is logged, so that what is derived from a row can catch up by a cursor.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sched/model/world_state.h"
#include "sched/shadows.h"
#include "sched/spread_counts.h"
#include "sched/tie_counts.h"

namespace muster::sched {

class Overlay {
 public:
  // Back to what the World says: undoes the last cycle and takes in what changed.
  void Refresh(const WorldState& world, const std::vector<ResourceId>& needed);

  // 0 if the column is not built.
  std::int64_t Free(ResourceId resource, std::uint32_t row) const {
    const Column& column = columns_[resource.value];
    return row < column.free.size() ? column.free[row] : 0;
  }
  bool Has(ResourceId resource) const {
    return resource.value < columns_.size() && columns_[resource.value].built;
  }
  const std::vector<Port>& Ports(std::uint32_t row) const {
    const auto it = ports_.find(row);
    return it != ports_.end() ? it->second : world_->nodes[row].ports;
  }

  const TieCounts& ties() const { return ties_; }
  const SpreadCounts& spreads() const { return spreads_; }
  // No row is logged for them: nothing that is derived from a row depends on ties.
  void AddTies(std::uint32_t ties, std::uint32_t row, std::int64_t more,
               TieCounts::Presence presence) {
    ties_.Add(ties, row, more, presence);
    spreads_.Add(ties, row, more, presence);
  }

  // After a row's amounts or ports are set, Touch it.  REQUIRES: Has(resource).
  void SetFree(ResourceId resource, std::uint32_t row, std::int64_t free) {
    columns_[resource.value].free[row] = free;
  }
  void SetPorts(std::uint32_t row, std::vector<Port> ports) { ports_[row] = std::move(ports); }
  void Touch(std::uint32_t row) { log_.push_back(row); }

  Shadows& shadows() { return shadows_; }
  const Shadows& shadows() const { return shadows_; }

  // Rows in the order in which they changed.  A cursor below log_begin() has missed some.
  std::uint64_t log_begin() const { return base_; }
  std::uint64_t log_end() const { return base_ + log_.size(); }
  std::uint32_t LogAt(std::uint64_t number) const { return log_[number - base_]; }
  std::uint32_t rows() const { return rows_; }

 private:
  struct Column {
    bool built = false;
    std::vector<std::int64_t> free;
  };

  void Build(ResourceId resource);
  void Reload(std::uint32_t row);

  const WorldState* world_ = nullptr;
  std::vector<Column> columns_;  // by resource
  std::map<std::uint32_t, std::vector<Port>> ports_;
  TieCounts ties_;
  SpreadCounts spreads_;
  Shadows shadows_;
  std::vector<std::uint32_t> log_;
  std::uint64_t base_ = 1;
  std::uint64_t settled_ = 1;  // log_end() after the last Refresh
  std::uint64_t journal_ = 0;  // of the World, taken in up to here
  std::uint32_t rows_ = 0;
};

}  // namespace muster::sched
