// Topology spread constraints against the words of kube-scheduler, pod by pod.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "sched/ties.h"

namespace muster::sched {
namespace {

using testing::In;
using testing::kHost;
using testing::MakeNode;
using testing::Scenario;
using testing::Spreads;

struct Placed {
  Ties ties;
  const Node* node;
};

bool IsIn(const Ties& ties, const std::string& set) {
  return std::find(ties.begin(), ties.end(), In(set)) != ties.end();
}

// What a gang of one task asks for.
struct Wish {
  Ties ties;
  bool pool = false;  // only nodes with that label

  bool Selects(const Node& node) const { return !pool || node.labels.contains("pool"); }
  bool IsDomain(const Node& node) const {
    return Selects(node) && std::all_of(ties.begin(), ties.end(), [&](const Tie& tie) {
             return tie.kind != TieKind::kSpreads || node.labels.contains(tie.topology);
           });
  }
};

// REQUIRES: the node is in a domain for the wish.
bool Holds(const Tie& tie, const Wish& wish, const Node& node, const std::vector<Node>& nodes,
           const std::vector<Placed>& pods) {
  std::map<std::string, std::int64_t> counts;
  for (const Node& other : nodes) {
    if (wish.IsDomain(other)) counts.emplace(other.labels.at(tie.topology), 0);
  }
  for (const Placed& pod : pods) {
    if (!wish.IsDomain(*pod.node) || !IsIn(pod.ties, tie.set)) continue;
    ++counts[pod.node->labels.at(tie.topology)];
  }
  std::int64_t fewest = counts.begin()->second;
  for (const auto& [value, count] : counts) fewest = std::min(fewest, count);
  if (std::ssize(counts) < tie.min_domains) fewest = 0;
  const std::int64_t itself = IsIn(wish.ties, tie.set) ? 1 : 0;
  return counts.at(node.labels.at(tie.topology)) + itself - fewest <= tie.max_skew;
}

class Reference {
 public:
  explicit Reference(unsigned seed) : random_(seed) {
    s_.Tenant("t");
    const int count = 2 + UpTo(3);
    for (int i = 0; i < count; ++i) {
      Node node = MakeNode("n" + std::to_string(i), 1 + UpTo(3));
      if (UpTo(5) > 0) node.labels["rack"] = "r" + std::to_string(UpTo(1));
      if (UpTo(5) > 0) node.labels["zone"] = "z" + std::to_string(UpTo(2));
      if (UpTo(2) > 0) node.labels["pool"] = "p";
      node.cordoned = UpTo(5) == 0;
      nodes_.push_back(node);
    }
    for (const Node& node : nodes_) s_.Node(node);
  }

  // A gang of one task comes.  It starts only where its pods may go one after the other; and, if it
  // has one constraint, wherever some way of placing them is allowed.  Of several constraints one
  // may lead where another does not follow, as it may with kube-scheduler.
  void Step(int number) {
    const Wish wish = DrawWish();
    const std::int32_t replicas = 1 + UpTo(3);
    const std::string name = "t/j" + std::to_string(number);
    Shape shape;
    shape.request = testing::Request(1);
    if (wish.pool) shape.selector = {{"pool", SelectOp::kExists, {}, false}};
    Gang gang = s_.MakeGang(name, replicas, shape);
    gang.tasks[0].ties = wish.ties;
    s_.Job(gang);
    const sched::Plan plan = s_.Decide();
    const auto constraints = std::count_if(wish.ties.begin(), wish.ties.end(), [](const Tie& tie) {
      return tie.kind == TieKind::kSpreads;
    });
    if (constraints <= 1 || !plan.starts.empty()) {
      EXPECT_EQ(!plan.starts.empty(), CanPlace(wish, replicas)) << ToText(plan, s_.world);
    }
    Cache empty;
    EXPECT_EQ(ToText(Schedule(s_.world, s_.policy, empty), s_.world), ToText(plan, s_.world));
    s_.world.RemoveGang(name);
    if (!plan.starts.empty()) Start(plan.starts[0], wish, name);
    while (UpTo(2) == 0 && !pods_.empty()) RemoveOne();
  }

  int started() const { return started_; }
  int spread() const { return spread_; }

 private:
  int UpTo(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most + 1)); }
  std::string Set() { return std::string(1, static_cast<char>('x' + UpTo(1))); }

  Wish DrawWish() {
    Wish wish;
    wish.pool = UpTo(2) == 0;
    std::set<std::string> topologies;
    while (UpTo(2) > 0) wish.ties.push_back(In(Set()));
    while (topologies.size() < 3 && UpTo(2) > 0) {
      static const char* const kAll[] = {kHost, "rack", "zone"};
      const std::string topology = kAll[UpTo(2)];
      if (!topologies.insert(topology).second) continue;
      wish.ties.push_back(Spreads(Set(), topology, 1 + UpTo(1), UpTo(3)));
    }
    std::sort(wish.ties.begin(), wish.ties.end());
    wish.ties.erase(std::unique(wish.ties.begin(), wish.ties.end()), wish.ties.end());
    return wish;
  }

  bool MayGo(const Wish& wish, const Node& node) const {
    return wish.IsDomain(node) &&
           std::all_of(wish.ties.begin(), wish.ties.end(), [&](const Tie& tie) {
             return tie.kind != TieKind::kSpreads || Holds(tie, wish, node, nodes_, pods_);
           });
  }

  bool CanPlace(const Wish& wish, std::int32_t replicas) {
    if (replicas == 0) return true;
    for (const Node& node : nodes_) {
      const auto here = std::count_if(pods_.begin(), pods_.end(),
                                      [&](const Placed& pod) { return pod.node == &node; });
      if (node.cordoned || here >= node.allocatable[2].second || !MayGo(wish, node)) continue;
      pods_.push_back({wish.ties, &node});
      const bool can = CanPlace(wish, replicas - 1);
      pods_.pop_back();
      if (can) return true;
    }
    return false;
  }

  // Some order of the places must have been allowed too.
  bool Allowed(const Wish& wish, const std::vector<const Node*>& left) {
    if (left.empty()) return true;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!MayGo(wish, *left[i])) continue;
      std::vector<const Node*> rest = left;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
      pods_.push_back({wish.ties, left[i]});
      const bool can = Allowed(wish, rest);
      pods_.pop_back();
      if (can) return true;
    }
    return false;
  }

  void Start(const sched::Start& start, const Wish& wish, const std::string& name) {
    std::vector<const Node*> places;
    for (const Place& place : start.places) {
      for (const Node& node : nodes_) {
        if (node.name != s_.world.NodeName(place.node)) continue;
        places.insert(places.end(), static_cast<std::size_t>(place.count), &node);
      }
    }
    EXPECT_TRUE(Allowed(wish, places));
    ++started_;
    const bool constrained = !wish.ties.empty() && wish.ties.back().kind == TieKind::kSpreads;
    spread_ += constrained && start.places.size() > 1 ? 1 : 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      Occupant pod;
      pod.key = name + "#" + std::to_string(i);
      pod.node = places[i]->name;
      pod.tenant = "t";
      pod.amounts = testing::Request(1);
      pod.ties = wish.ties;
      s_.world.SetOccupant(pod);
      pods_.push_back({wish.ties, places[i]});
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
  int started_ = 0;
  int spread_ = 0;
};

TEST(TopologySpreadProperty, AGangStartsWhereAndOnlyWhereItsPodsMayGoOneAfterTheOther) {
  int started = 0, spread = 0;
  for (unsigned seed = 1; seed <= 80; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Reference reference(seed);
    for (int i = 0; i < 12; ++i) reference.Step(i);
    if (HasFailure()) return;
    started += reference.started();
    spread += reference.spread();
  }
  EXPECT_GT(started, 150);
  EXPECT_GT(spread, 50);
}

}  // namespace
}  // namespace muster::sched
