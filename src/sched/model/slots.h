// Slots<T>: things with a name, kept under a small index that is reused.  A slot lives
// as long as something refers to it, so that what names an unknown thing (a pod on a node that is
// gone) finds it when it appears.  Copyable.  Indexes decide nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace muster::sched {

inline constexpr std::uint32_t kNoSlot = 0xffffffff;

template <class T>
class Slots {
 public:
  Slots() = default;
  Slots(const Slots& other) : slots_(other.slots_), free_(other.free_) {
    for (const auto& [name, slot] : other.index_) index_.emplace(slots_[slot].name, slot);
  }
  Slots(Slots&&) noexcept = default;
  Slots& operator=(const Slots& other) { return *this = Slots(other); }
  Slots& operator=(Slots&&) noexcept = default;

  // One more reference to the slot of this name, which is made if needed.
  std::uint32_t Acquire(std::string_view name) {
    std::uint32_t slot = Find(name);
    if (slot == kNoSlot) {
      slot = NewSlot(name);
      index_.emplace(slots_[slot].name, slot);
    }
    ++slots_[slot].refs;
    return slot;
  }

  // One reference less; the last one clears the slot.
  void Release(std::uint32_t slot) {
    if (slot == kNoSlot || --slots_[slot].refs > 0) return;
    index_.erase(index_.find(slots_[slot].name));
    slots_[slot] = Slot{};
    free_.push_back(slot);
  }

  std::uint32_t Find(std::string_view name) const {
    const auto it = index_.find(name);
    return it == index_.end() ? kNoSlot : it->second;
  }

  T& operator[](std::uint32_t slot) { return slots_[slot].value; }
  const T& operator[](std::uint32_t slot) const { return slots_[slot].value; }
  const std::string& name(std::uint32_t slot) const { return slots_[slot].name; }
  // Whether the next Release clears it.
  bool last(std::uint32_t slot) const { return slots_[slot].refs == 1; }
  bool used(std::uint32_t slot) const { return slots_[slot].refs > 0; }
  // One more than the largest index in use.
  std::uint32_t size() const { return static_cast<std::uint32_t>(slots_.size()); }
  // All names in use, sorted, with their slots.
  const std::map<std::string_view, std::uint32_t>& index() const { return index_; }

 private:
  struct Slot {
    std::string name;
    T value{};
    std::int64_t refs = 0;
  };

  std::uint32_t NewSlot(std::string_view name) {
    if (free_.empty()) {
      free_.push_back(size());
      slots_.emplace_back();
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    slots_[slot].name = name;
    return slot;
  }

  std::map<std::string_view, std::uint32_t> index_;  // names are those of the slots
  std::deque<Slot> slots_;                           // in which nothing moves as it grows
  std::vector<std::uint32_t> free_;
};

}  // namespace muster::sched
