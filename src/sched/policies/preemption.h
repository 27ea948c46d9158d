// Whom a gang may evict, and the cheapest set that makes room for all of it (scheduling.md section
// 6).
//
// A gang p may evict
//   (a) Reclaim:  any B gang of another tenant, and any B gang of its own tenant of lower rank, if
//                 p itself is E once its victims are gone;
//   (b) Priority: in its own tenant any gang of lower rank, and p must be E if any such victim is
//                 E.
// The rank is the base priority, and between gangs of the same one the band of service attained
// (attained.h; LeastAttained), which is 0 but for gangs that take part in that.
// Nothing else; aging and finish_first do not count.  PodDisruptionBudgets order those that may be
// evicted (budgets.h) and forbid nothing, so they have no part in what follows.
//
// No endless eviction.  Let S be the gangs that run or have a reservation, E(S) and B(S) their
// classes (classes.h), and F(S) the pair (multiset of the ranks of E(S), the same of B(S)),
// compared lexicographically, each multiset in the Dershowitz-Manna order.  E(S) is a greedy choice
// in the order (rank, start), in which B gangs do not take part; what starts or is reserved in
// a cycle is new, and comes after all old gangs of its rank.  A cycle takes S to S'.
//   - Where E(S) and E(S') first differ in the order, E(S') has a new gang.  For up to there the
//     choice met the same; an old gang that is still there got the same answer; and a victim that
//     was in E(S) has a preemptor p of higher rank that was entitled beside ALL usage, so p is
//     in E(S') unless a new gang before p took its place: either way the difference begins before.
//     So all that E(S') lacks of E(S) is of lower rank than that new gang: the first part
//     rises.
//   - If E(S) = E(S'), nobody evicted as E.  What was evicted was in B(S), by a new gang of higher
//     rank in B(S'); what started is in B(S').  So the second part rises, or nothing happened.
// F only rises, and there are finitely many S, so between events from outside (arrivals, ends,
// edits, capacity, a lapsed reservation, a band that rises: at most three times a gang) evictions
// end.  tests/sched/thrash_test.cc exhausts small worlds, and finds loops where the rules are taken
// away.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sched/place.h"
#include "sched/policies/attained.h"
#include "sched/policies/budgets.h"
#include "sched/policies/classes.h"

namespace muster::sched {

struct Victim {
  std::uint32_t gang = kNoSlot;
  Rule rule = Rule::kPriority;
  std::vector<std::string> broken;  // PodDisruptionBudgets that it goes against
};

// What the search for room came to.
struct Room {
  enum class Kind {
    kNowhere,  // no room can be made
    kEnding,   // gangs that are ending already make room
    kEvict,    // the victims make room: `victims`, `placed`
    kLimited,  // the Policy's evictions of a cycle are used up
  } kind = Kind::kNowhere;
  std::vector<Victim> victims;
  Placed placed;
  bool entitled = false;  // p is E with this room
  bool untried = false;   // the Policy's work limit is used up: to be tried again soon
  // Where kNowhere is for the protections alone: which, for people, and the reason that follows.
  std::string protections;
  bool only_max_preemptions = false;
  std::int64_t next_unprotected_ms = 0;  // the first protection that ends by time; 0: none
};

class Preemption {
 public:
  Preemption(Cycle& cycle, const Classes& classes)
      : cycle_(cycle), classes_(classes), budgets_(cycle.state) {}

  // REQUIRES: the gang is pending, holds nothing and has no reservation.
  Room FindRoom(std::uint32_t gang, const Stay& stay);

  // From now on the gang is not a victim any more: it started in this cycle.
  void Spare(std::uint32_t gang) { Mark(spared_, gang); }
  // From now on the gang is ending, for `reserved`.
  void Evict(std::uint32_t gang) {
    Mark(ending_, gang);
    budgets_.Spend(cycle_.At(gang));
  }
  bool IsEnding(std::uint32_t gang) const { return Marked(ending_, gang); }
  std::int64_t evictions() const { return evictions_; }
  void CountEvictions(std::int64_t more) { evictions_ += more; }
  // Device-milliseconds that end with the gang.
  std::int64_t Cost(std::uint32_t gang) const;

 private:
  enum class Mode { kEntitled, kBorrowing };
  struct Candidate {
    Victim victim;
    Wide cost = 0;  // per contested unit
    Wide units = 0;
    std::int64_t violations = 0;  // of budgets, beside those before it that have none
  };

  static void Mark(std::vector<bool>& marks, std::uint32_t gang);
  static bool Marked(const std::vector<bool>& marks, std::uint32_t gang) {
    return gang < marks.size() && marks[gang];
  }
  void FillPools() const;
  bool NeverEntitled(std::uint32_t gang);
  void Consider(std::uint32_t gang, std::uint32_t victim, Mode mode, bool with_protected,
                std::vector<Candidate>& candidates) const;
  bool IsVictim(std::uint32_t gang, std::uint32_t victim, Mode mode, Rule* rule) const;
  std::string ProtectionOf(const Gang& victim) const;
  void PutViolatorsLast(std::vector<Candidate>& candidates) const;
  std::vector<Candidate> Candidates(std::uint32_t gang, Mode mode, bool with_protected) const;
  bool IsJoined(std::uint32_t gang, std::uint32_t victim) const;
  std::vector<Candidate> Enough(std::uint32_t gang, Mode mode, std::vector<Candidate> all,
                                Placed* placed);
  Room Search(std::uint32_t gang, Mode mode);
  void TryWithProtected(std::uint32_t gang, Room& room);
  // Whether the gang is placed once the candidates are gone.
  bool Holds(std::uint32_t gang, Mode mode, const std::vector<Candidate>& candidates,
             Placed* placed);
  void Shrink(std::uint32_t gang, Mode mode, std::vector<Candidate>& set, Placed& placed);
  // In the Trial: all that are ending already are gone; how many of the tenant.
  std::int32_t RemoveEnding(Trial& trial, std::uint32_t tenant) const;

  Cycle& cycle_;
  const Classes& classes_;
  Budgets budgets_;  // what this cycle's evictions have left of them
  std::vector<bool> spared_, ending_;
  // Gangs that run, by tenant (lowest rank first), and the borrowing ones of all tenants;
  // filled when first needed.
  mutable bool filled_ = false;
  mutable std::map<std::uint32_t, std::vector<std::uint32_t>> of_tenant_;
  mutable std::vector<std::uint32_t> borrowers_;
  Stay stay_;  // of the gang that room is sought for
  std::int64_t evictions_ = 0;
  std::int64_t work_ = 0;  // node and occupant visits, independent of the Cache
};

}  // namespace muster::sched
