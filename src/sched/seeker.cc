#include "sched/seeker.h"

#include <algorithm>
#include <utility>

namespace muster::sched {

Seeker::Seeker(Cycle& cycle, const SigTask& task, const Confines* confines, const Stay* stay)
    : cycle_(cycle),
      task_(task),
      confines_(confines),
      stay_(cycle.cache.overlay.shadows().empty() ? nullptr : stay),
      index_(cycle.IndexOf(task.shape)) {
  if (confines_ != nullptr || stay_ != nullptr || cycle.IsTied(task)) {
    walk_.emplace(index_, cycle.state);
  }
}

std::int64_t Seeker::FreeAt(std::uint32_t row) const {
  const std::int64_t here = index_.RoomAt(row);
  if (here == 0 || stay_ == nullptr) return here;
  const Vec& request = cycle_.state.shapes[task_.shape.value].request;
  return std::min(here, cycle_.cache.overlay.shadows().Room(row, request, *stay_));
}

bool Seeker::Allows(std::uint32_t row, Look look, std::int64_t* room) {
  const std::int64_t here = FreeAt(row);
  if (here == 0) return false;
  const Answer beside = cycle_.RoomBeside(task_, row);
  *room = std::min(here, beside.room);
  if (*room > 0) {
    gave_ = true;
    if (beside.grows) givers_.push_back(row);
    return true;
  }
  if (!beside.grows) return false;
  std::deque<std::uint32_t>& rows = refused_[beside.detail];
  if (look == Look::kFirst) {
    rows.push_back(row);
  } else {
    rows.push_front(row);
  }
  return false;
}

// Round after round, until one gives nothing.
std::uint32_t Seeker::NextAgain(std::int64_t* room) {
  for (;;) {
    while (!givers_left_.empty()) {
      const std::uint32_t row = givers_left_.front();
      givers_left_.pop_front();
      if (Allows(row, Look::kAgain, room)) return row;
    }
    while (!refused_left_.empty()) {
      std::deque<std::uint32_t>& rows = refused_[refused_left_.front()];
      if (rows.empty()) {
        refused_left_.pop_front();
        continue;
      }
      const std::uint32_t row = rows.front();
      rows.pop_front();
      if (Allows(row, Look::kAgain, room)) return row;
      if (!rows.empty() && rows.front() == row) refused_left_.pop_front();  // for the same reason
    }
    if (!gave_) return kNoSlot;
    gave_ = false;
    cycle_.IndexOf(task_.shape);
    givers_left_ = std::exchange(givers_, {});
    for (const auto& [detail, rows] : refused_) {
      if (!rows.empty()) refused_left_.push_back(detail);
    }
  }
}

std::uint32_t Seeker::Next(std::int64_t* room) {
  if (!walk_) {
    cycle_.IndexOf(task_.shape);
    const std::uint32_t row = index_.Best();
    *room = row == kNoSlot ? 0 : index_.RoomAt(row);
    return row;
  }
  for (std::uint32_t row = walk_->Next(); row != kNoSlot; row = walk_->Next()) {
    if (confines_ != nullptr && !confines_->Allow(cycle_.state, row)) continue;
    if (Allows(row, Look::kFirst, room)) return row;
  }
  return NextAgain(room);
}

}  // namespace muster::sched
