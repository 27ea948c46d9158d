// What slots leave to others.  A slot is a place that is kept for one gang from a time to come;
// until then everyone may use it who has left it by then.  Its shadow on a node is that time and
// what will be free there beside it: whoever stays longer must fit into that too.
//
//   room(stay) = min(room now, room in each shadow with from < end of the stay)
//
// Nobody meets its own shadow, nor those of slots that it comes before (Stay::over).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "sched/model/slots.h"
#include "sched/model/vec.h"

namespace muster::sched {

inline constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();

// Until when a gang that is placed is on its nodes, and whose shadows it does not meet.
struct Stay {
  std::int64_t end_ms = kForEver;
  std::vector<std::uint32_t> over;  // gangs, itself among them
  bool IsOver(std::uint32_t gang) const {
    return std::find(over.begin(), over.end(), gang) != over.end();
  }
};

struct Shadow {
  std::uint32_t holder = kNoSlot;
  std::int64_t from_ms = 0;
  Limits free;  // of what the slot asks for; what is absent is not kept
};

class Shadows {
 public:
  bool empty() const { return by_row_.empty(); }
  void Clear() { by_row_.clear(); }
  void Add(std::uint32_t row, Shadow shadow);
  // Returns what it removes, to be added again.
  std::vector<std::pair<std::uint32_t, Shadow>> Remove(std::uint32_t holder);

  // `times` of vec are on the row in [begin_ms, end_ms) (times < 0: are not).
  void Take(std::uint32_t row, const Vec& vec, std::int64_t times, std::int64_t begin_ms,
            std::int64_t end_ms);
  // How often vec fits into all shadows on the row that the stay meets; kMaxAmount: there are none.
  std::int64_t Room(std::uint32_t row, const Vec& vec, const Stay& stay) const;
  // Whether somewhere there is less than what the holder's slot leaves.
  bool IsShort(std::uint32_t holder) const;
  // The earliest shadow on the row in which vec does not fit, of those that the stay meets; null:
  // none.
  const Shadow* Refusing(std::uint32_t row, const Vec& vec, const Stay& stay) const;

 private:
  std::map<std::uint32_t, std::vector<Shadow>> by_row_;  // none is empty
};

}  // namespace muster::sched
