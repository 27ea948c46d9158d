// In a Trial: what the cluster will be at a time to come, when those that run or end have left it
// by their ends (ends.h) and the victims of reservations by their grace periods.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "sched/policies/classes.h"
#include "sched/policies/ends.h"

namespace muster::sched {

class Future {
 public:
  // REQUIRES: the Trial lives longer, and nothing else has gone in it.
  Future(const Cycle& cycle, const Classes& classes, const std::vector<Leaving>& leaving,
         Trial& trial);

  // Times only rise.
  void AdvanceTo(std::int64_t to_ms);
  // Running gangs of the tenant by then.
  std::int32_t RunningOf(std::uint32_t tenant) const;
  // Whether somebody has left the node whose end is a guess.
  bool IsGuess(std::uint32_t row) const { return guesses_.contains(row); }

  // When the victims of the reservation have gone.
  static std::int64_t FreedAt(const Cycle& cycle, const Reserved& reserved);

 private:
  void End(std::uint32_t gang);

  const Cycle& cycle_;
  const Classes& classes_;
  const std::vector<Leaving>& leaving_;
  Trial& trial_;
  std::size_t left_ = 0;                         // of leaving_
  std::vector<bool> freed_;                      // reservations whose victims are gone
  std::set<std::uint32_t> passed_on_;            // victims of reservations
  std::map<std::uint32_t, std::int32_t> ended_;  // gangs, by tenant
  std::set<std::uint32_t> guesses_;              // rows
};

}  // namespace muster::sched
