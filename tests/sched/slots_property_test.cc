// Slots over random worlds in which all that runs is bound: what is kept is never moved to a later
// time, and whoever has a slot starts by its first time (scheduling.md section 8).
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "sched/random_world.h"

namespace muster::sched {
namespace {

using testing::RandomWorld;

unsigned Worlds(unsigned fast) { return std::getenv("MUSTER_CAMPAIGN") ? 200 * fast : fast; }

// Nobody comes before anybody: no guarantees, one priority, nothing that is being put together or
// ends.  Everything has a bound, no pod minds who is beside it, and no node is about to leave.
RandomWorld Equals(unsigned seed) {
  RandomWorld random(seed);
  std::mt19937 chance(seed);
  for (sched::Tenant& tenant : random.tenants) tenant.guaranteed.clear();
  for (sched::Node& node : random.nodes) {
    node.cordoned = false;
    node.ready = true;
  }
  for (auto& [gang, shapes] : random.gangs) {
    const auto seconds = static_cast<std::int64_t>(1 + chance() % 600);
    gang.priority = 500;
    gang.finish_first = false;
    gang.state = gang.state == GangState::kReleasing ? GangState::kRunning : gang.state;
    gang.bound_ms = seconds * 1000;
    if (gang.state == GangState::kRunning) {
      gang.bound_end.unix_ms = testing::Seconds(testing::kNow).unix_ms + seconds * 1000;
    }
    for (GangTask& task : gang.tasks) task.ties.clear();
    for (Shape& shape : shapes) shape.ports.clear();
  }
  for (Occupant& occupant : random.occupants) occupant.ties.clear();
  return random;
}

class Follow {
 public:
  Follow(const RandomWorld& random, std::int32_t slots, unsigned seed)
      : random_(random), chance_(seed) {
    policy_.slots = slots;
    random.PutInto(world_, 0);
    for (const auto& [gang, shapes] : random.gangs) {
      if (gang.state == GangState::kRunning)
        ends_[gang.uid] = EndBy(gang.bound_end.unix_ms + gang.grace_ms);
    }
  }

  // Decides, and what was decided happens.  Whether anything can still happen.
  bool Step() {
    const Plan plan = Schedule(world_, policy_, cache_);
    EXPECT_TRUE(plan.evictions.empty()) << ToText(plan, world_);
    world_.SetReservations(plan.reservations);
    for (const sched::Start& start : plan.starts) Start(start);
    Check(plan);
    std::int64_t next = plan.wake_at.unix_ms;
    for (const auto& [uid, end] : ends_) next = next == 0 ? end : std::min(next, end);
    if (next == 0) return false;
    world_.SetNow({std::max(next, world_.now().unix_ms)});
    for (auto it = ends_.begin(); it != ends_.end();) {
      if (it->second > world_.now().unix_ms) {
        ++it;
        continue;
      }
      for (const std::string& key : pods_[it->first]) world_.RemoveOccupant(key);
      for (const Occupant& occupant : random_.occupants) {
        if (occupant.gang == it->first) world_.RemoveOccupant(occupant.key);
      }
      world_.RemoveGang(it->first);
      it = ends_.erase(it);
    }
    return !ends_.empty() || plan.wake_at.unix_ms != 0;
  }

  int promised() const { return static_cast<int>(promised_.size()); }
  int kept() const { return kept_; }

 private:
  // Some time until then, then itself among them.
  std::int64_t EndBy(std::int64_t last) {
    const std::int64_t now = world_.now().unix_ms;
    return last - (chance_() % 2 == 0 ? 0 : static_cast<std::int64_t>(chance_()) % (last - now));
  }

  void Start(const sched::Start& start) {
    Gang gang = world_.gang(start.gang);
    if (const auto it = promised_.find(gang.uid); it != promised_.end()) {
      EXPECT_LE(world_.now().unix_ms, it->second) << gang.name << " starts late";
      ++kept_;
    }
    for (const Place& place : start.places) {
      for (std::int32_t i = 0; i < place.count; ++i) {
        Occupant occupant;
        occupant.key = gang.uid + "#" + std::to_string(pods_[gang.uid].size());
        occupant.node = world_.NodeName(place.node);
        occupant.gang = gang.uid;
        occupant.tenant = gang.tenant;
        occupant.ns = gang.ns;
        for (const auto& [drawn, shapes] : random_.gangs) {
          if (drawn.uid == gang.uid)
            occupant.amounts = shapes[static_cast<std::size_t>(place.task)].request;
        }
        pods_[gang.uid].push_back(occupant.key);
        world_.SetOccupant(occupant);
      }
    }
    gang.state = GangState::kRunning;
    gang.started = world_.now();
    gang.bound_end.unix_ms = world_.now().unix_ms + gang.bound_ms;
    gang.tasks.clear();
    world_.SetGang(gang);
    ends_[gang.uid] = EndBy(gang.bound_end.unix_ms + gang.grace_ms);
    slots_.erase(gang.uid);
  }

  void Check(const Plan& plan) {
    std::map<std::string, std::int64_t> now;
    for (const Reservation& kept : plan.reservations) {
      ASSERT_GT(kept.from.unix_ms, 0);
      now[kept.gang] = kept.from.unix_ms;
      promised_.emplace(kept.gang, kept.from.unix_ms);
    }
    for (const auto& [uid, from] : slots_) {
      ASSERT_TRUE(now.contains(uid))
          << uid << " has lost its slot at " << from - world_.now().unix_ms << "\n"
          << ToText(plan, world_);
      EXPECT_LE(now[uid], from) << uid << " has it later\n" << ToText(plan, world_);
    }
    slots_ = std::move(now);
  }

  const RandomWorld& random_;
  std::mt19937 chance_;
  World world_;
  Cache cache_;
  Policy policy_;
  std::map<std::string, std::int64_t> slots_, promised_;  // by uid: from
  std::map<std::string, std::int64_t> ends_;
  std::map<std::string, std::vector<std::string>> pods_;
  int kept_ = 0;
};

TEST(SlotsProperty, NobodyStartsAfterItsFirstPromise) {
  int promised = 0, kept = 0;
  for (unsigned seed = 1; seed <= Worlds(1500); ++seed) {
    SCOPED_TRACE(seed);
    const RandomWorld random = Equals(seed);
    constexpr std::int32_t kSlots[] = {1, 2, 8};
    Follow follow(random, kSlots[seed % 3], seed);
    for (int step = 0; step < 200 && follow.Step(); ++step) {
      if (HasFailure()) FAIL() << "step " << step;
    }
    promised += follow.promised();
    kept += follow.kept();
    ASSERT_EQ(follow.promised(), follow.kept());
  }
  EXPECT_GT(promised, 500);
  EXPECT_EQ(promised, kept);
}

}  // namespace
}  // namespace muster::sched
