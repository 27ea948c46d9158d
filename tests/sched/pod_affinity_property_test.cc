// Required pod affinity and anti-affinity against the words of kube-scheduler, pod by pod.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "sched/ties.h"

namespace muster::sched {
namespace {

using testing::Avoids;
using testing::In;
using testing::Joins;
using testing::kHost;
using testing::MakeNode;
using testing::Scenario;

struct Placed {
  Ties ties;
  const Node* node;
};

const std::string* Domain(const Node& node, const std::string& topology) {
  const auto it = node.labels.find(topology);
  return it == node.labels.end() ? nullptr : &it->second;
}
bool Same(const Node& a, const Node& b, const std::string& topology) {
  const std::string* left = Domain(a, topology);
  const std::string* right = Domain(b, topology);
  return left != nullptr && right != nullptr && *left == *right;
}
bool IsIn(const Ties& ties, const std::string& set) {
  return std::find(ties.begin(), ties.end(), In(set)) != ties.end();
}

bool MayGo(const Ties& ties, const Node& node, const std::vector<Placed>& pods) {
  bool joined = true;
  bool anyone = false;
  bool itself = true;
  for (const Tie& tie : ties) {
    if (tie.kind == TieKind::kIsIn) continue;
    bool beside = false;
    for (const Placed& pod : pods) {
      if (!IsIn(pod.ties, tie.set)) continue;
      beside = beside || Same(*pod.node, node, tie.topology);
      const bool join = tie.kind == TieKind::kJoins;
      anyone = anyone || (join && Domain(*pod.node, tie.topology) != nullptr);
    }
    if (tie.kind == TieKind::kAvoids) {
      if (beside) return false;
      continue;
    }
    if (Domain(node, tie.topology) == nullptr) return false;
    joined = joined && beside;
    itself = itself && IsIn(ties, tie.set);
  }
  if (!joined && (anyone || !itself)) return false;
  return std::none_of(pods.begin(), pods.end(), [&](const Placed& pod) {
    return std::any_of(pod.ties.begin(), pod.ties.end(), [&](const Tie& tie) {
      return tie.kind == TieKind::kAvoids && IsIn(ties, tie.set) &&
             Same(*pod.node, node, tie.topology);
    });
  });
}

class Reference {
 public:
  explicit Reference(unsigned seed) : random_(seed) {
    s_.Tenant("t");
    const int count = 2 + UpTo(3);
    for (int i = 0; i < count; ++i) {
      Node node = MakeNode("n" + std::to_string(i), 1 + UpTo(3));
      if (UpTo(4) > 0) node.labels["rack"] = "r" + std::to_string(UpTo(1));
      if (UpTo(4) > 0) node.labels["zone"] = "z" + std::to_string(UpTo(1));
      nodes_.push_back(node);
      s_.Node(node);
    }
  }

  // A gang of one task comes: it starts if and only if some way of placing its pods one after the
  // other is allowed.
  void Step(int number) {
    const Ties ties = DrawTies();
    const std::int32_t replicas = 1 + UpTo(2);
    const std::string name = "t/j" + std::to_string(number);
    Gang gang = s_.MakeGang(name, replicas, 1);
    gang.tasks[0].ties = ties;
    s_.Job(gang);
    const sched::Plan plan = s_.Decide();
    EXPECT_EQ(!plan.starts.empty(), CanPlace(ties, replicas)) << ToText(plan, s_.world);
    Cache empty;
    EXPECT_EQ(ToText(Schedule(s_.world, s_.policy, empty), s_.world), ToText(plan, s_.world));
    s_.world.RemoveGang(name);
    if (!plan.starts.empty()) Start(plan.starts[0], ties, name);
    if (UpTo(4) == 0 && !pods_.empty()) RemoveOne();
  }

 private:
  int UpTo(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most + 1)); }
  std::string Set() { return std::string(1, static_cast<char>('x' + UpTo(2))); }
  std::string Topology() {
    static const char* const kAll[] = {kHost, "rack", "zone"};
    return kAll[UpTo(2)];
  }

  Ties DrawTies() {
    Ties ties;
    while (UpTo(2) > 0) ties.push_back(In(Set()));
    while (UpTo(2) == 0) ties.push_back(Avoids(Set(), Topology()));
    const std::string joined = Set();
    while (UpTo(2) == 0) ties.push_back(Joins(joined, Topology()));
    std::sort(ties.begin(), ties.end());
    ties.erase(std::unique(ties.begin(), ties.end()), ties.end());
    return ties;
  }

  bool CanPlace(const Ties& ties, std::int32_t replicas) {
    if (replicas == 0) return true;
    for (const Node& node : nodes_) {
      const auto here = std::count_if(pods_.begin(), pods_.end(),
                                      [&](const Placed& pod) { return pod.node == &node; });
      if (here >= node.allocatable[2].second || !MayGo(ties, node, pods_)) continue;
      pods_.push_back({ties, &node});
      const bool can = CanPlace(ties, replicas - 1);
      pods_.pop_back();
      if (can) return true;
    }
    return false;
  }

  // Some order of the places must have been allowed too.
  bool Allowed(const Ties& ties, std::vector<const Node*> left) {
    if (left.empty()) return true;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!MayGo(ties, *left[i], pods_)) continue;
      std::vector<const Node*> rest = left;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
      pods_.push_back({ties, left[i]});
      const bool can = Allowed(ties, rest);
      pods_.pop_back();
      if (can) return true;
    }
    return false;
  }

  void Start(const sched::Start& start, const Ties& ties, const std::string& name) {
    std::vector<const Node*> places;
    for (const Place& place : start.places) {
      for (const Node& node : nodes_) {
        if (node.name != s_.world.NodeName(place.node)) continue;
        places.insert(places.end(), static_cast<std::size_t>(place.count), &node);
      }
    }
    EXPECT_TRUE(Allowed(ties, places));
    for (std::size_t i = 0; i < places.size(); ++i) {
      Occupant pod;
      pod.key = name + "#" + std::to_string(i);
      pod.node = places[i]->name;
      pod.tenant = "t";
      pod.amounts = testing::Request(1);
      pod.ties = ties;
      s_.world.SetOccupant(pod);
      pods_.push_back({ties, places[i]});
      keys_.push_back(pod.key);
    }
  }

  void RemoveOne() {
    const auto at = UpTo(static_cast<int>(pods_.size()) - 1);
    s_.world.RemoveOccupant(keys_[static_cast<std::size_t>(at)]);
    pods_.erase(pods_.begin() + at);
    keys_.erase(keys_.begin() + at);
  }

  std::mt19937 random_;
  Scenario s_;
  std::vector<Node> nodes_;
  std::vector<Placed> pods_;
  std::vector<std::string> keys_;
};

TEST(PodAffinityProperty, AGangStartsWhereAndOnlyWhereItsPodsMayGoOneAfterTheOther) {
  for (unsigned seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Reference reference(seed);
    for (int i = 0; i < 12; ++i) reference.Step(i);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace muster::sched
