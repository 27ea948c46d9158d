// Trial: what would be if ...  An undo log over the overlay and the quota book; what is not kept is
// rolled back when the Trial ends.
#pragma once

#include <cstdint>
#include <vector>

#include "sched/model/quota.h"
#include "sched/overlay.h"

namespace muster::sched {

class Trial {
 public:
  Trial(Overlay& overlay, QuotaBook& quota) : overlay_(overlay), quota_(quota) {}
  ~Trial() { RollBackTo(0); }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  // `times` of vec leave the free amounts of a node (times < 0: come back), with ports.  They would
  // be back by themselves at end_ms.
  void Take(std::uint32_t row, const Vec& vec, std::int64_t times, const std::vector<Port>& ports,
            std::int64_t end_ms = kForEver);
  // `more` pods with these ties (kNoSlot: none) are on a node, or expected there.
  void Tie(std::uint32_t row, std::uint32_t ties, std::int64_t more,
           TieCounts::Presence presence = TieCounts::Presence::kThere);
  void Use(std::uint32_t tenant, const Sums& sums, Wide times, unsigned parts);
  void UseNamespace(std::uint32_t ns, const Sums& sums, Wide times);

  using Mark = std::size_t;
  Mark Here() const { return undo_.size(); }
  void RollBackTo(Mark mark);
  // What was done so far stays done.
  void Keep() { undo_.clear(); }

 private:
  struct Undo {
    enum class Kind { kFree, kPorts, kTies, kShadows, kQuota, kNamespace } kind = Kind::kFree;
    std::uint32_t at = 0;  // row, tenant or namespace
    ResourceId resource;
    std::int64_t free = 0;  // with kTies: how many were added
    std::uint32_t ties = kNoSlot;
    TieCounts::Presence presence = TieCounts::Presence::kThere;
    std::vector<Port> ports;
    Vec vec;  // with kShadows
    std::int64_t end_ms = 0;
    Sums sums;
    Wide times = 0;
    unsigned parts = 0;
  };

  void TakePorts(std::uint32_t row, const std::vector<Port>& ports, bool back);
  void TakeShadows(std::uint32_t row, const Vec& vec, std::int64_t times, std::int64_t end_ms);

  Overlay& overlay_;
  QuotaBook& quota_;
  std::vector<Undo> undo_;
};

}  // namespace muster::sched
