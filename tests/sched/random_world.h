// Random worlds for property tests: everything drawn from one seed, as a list of objects that can
// be put into a World in any order.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "testing/scenario.h"

namespace muster::sched::testing {

struct RandomWorld {
  std::vector<sched::Node> nodes;
  std::vector<sched::Tenant> tenants;
  std::vector<NamespaceQuota> quotas;
  // Gangs with the shapes of their tasks; the ids in the tasks are set when they are put in.
  std::vector<std::pair<Gang, std::vector<Shape>>> gangs;
  std::vector<Occupant> occupants;
  std::vector<Budget> budgets;

  explicit RandomWorld(unsigned seed, int most_pending = 12) : random_(seed) {
    DrawNodes();
    DrawTenants();
    const int running = UpTo(10);
    for (int i = 0; i < running; ++i) DrawRunning(i);
    const int pending = 1 + UpTo(most_pending - 1);
    for (int i = 0; i < pending; ++i) DrawPending(i);
    DrawBudgets();  // last: what else is drawn of a seed is as without them
    DrawTies();     // likewise
    DrawBounds();
  }

  // Puts all objects into the World in an order drawn from `order`; 0: as they are.
  void PutInto(World& world, unsigned order) const {
    std::vector<std::pair<int, std::size_t>> all;
    for (std::size_t i = 0; i < nodes.size(); ++i) all.emplace_back(0, i);
    for (std::size_t i = 0; i < tenants.size(); ++i) all.emplace_back(1, i);
    for (std::size_t i = 0; i < quotas.size(); ++i) all.emplace_back(2, i);
    for (std::size_t i = 0; i < gangs.size(); ++i) all.emplace_back(3, i);
    for (std::size_t i = 0; i < occupants.size(); ++i) all.emplace_back(4, i);
    for (std::size_t i = 0; i < budgets.size(); ++i) all.emplace_back(5, i);
    if (order != 0) std::shuffle(all.begin(), all.end(), std::mt19937(order));
    world.SetNow(Seconds(kNow));
    for (const auto& [kind, i] : all) Put(world, kind, i);
  }

  void Put(World& world, int kind, std::size_t i) const {
    if (kind == 0) world.SetNode(nodes[i]);
    if (kind == 1) world.SetTenant(tenants[i]);
    if (kind == 2) world.SetNamespaceQuota(quotas[i]);
    if (kind == 4) world.SetOccupant(occupants[i]);
    if (kind == 5) world.SetBudget(budgets[i]);
    if (kind != 3) return;
    Gang gang = gangs[i].first;
    for (std::size_t t = 0; t < gang.tasks.size(); ++t) {
      gang.tasks[t].shape = world.InternShape(gangs[i].second[t]);
    }
    world.SetGang(gang);
  }

 private:
  int UpTo(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most + 1)); }
  bool OneIn(int n) { return UpTo(n - 1) == 0; }

  void DrawNodes() {
    const int count = 1 + UpTo(5);
    for (int i = 0; i < count; ++i) {
      sched::Node node = MakeNode("n" + std::to_string(i), OneIn(4) ? 0 : 4 + 4 * UpTo(1), 16);
      node.labels["zone"] = OneIn(2) ? "a" : "b";
      node.cordoned = OneIn(8);
      node.ready = !OneIn(10);
      if (OneIn(8)) node.taints = {{"t", "", "NoSchedule"}};
      nodes.push_back(node);
    }
  }

  void DrawTenants() {
    const int count = 1 + UpTo(2);
    for (int i = 0; i < count; ++i) {
      sched::Tenant tenant;
      tenant.name = std::string(1, static_cast<char>('p' + i));
      if (OneIn(2)) tenant.guaranteed = Gpus(UpTo(12));
      if (OneIn(3)) tenant.hard = {{"nvidia.com/gpu", UpTo(16)}};
      if (OneIn(4)) tenant.borrow_limit = {{"nvidia.com/gpu", UpTo(8)}};
      if (OneIn(4)) tenant.lending_limit = {{"nvidia.com/gpu", UpTo(8)}};
      if (OneIn(8)) tenant.max_running_gangs = 1 + UpTo(4);
      tenant.weight_milli = 500 * UpTo(4);
      tenants.push_back(tenant);
      if (OneIn(6)) quotas.push_back({tenant.name, {{"nvidia.com/gpu", UpTo(10)}}});
    }
  }

  std::string TenantName() { return std::string(1, static_cast<char>('p' + UpTo(2))); }

  Gang DrawGang(const std::string& name) {
    static const std::int32_t kPriorities[] = {100, 250, 500, 750};
    Gang gang;
    gang.tenant = gang.ns = TenantName();
    gang.uid = gang.name = gang.ns + "/" + name;
    gang.priority = kPriorities[UpTo(3)];
    gang.submit = gang.pending_since = Seconds(kNow - UpTo(500));
    if (OneIn(4)) gang.deadline = Seconds(kNow + UpTo(500));
    gang.preemptions = OneIn(6) ? 5 : 0;
    gang.evictable = !OneIn(8);
    gang.victim_policy = OneIn(4) ? VictimPolicy::kReclaim : VictimPolicy::kLowerPriority;
    return gang;
  }

  // Room for the pod among the occupants drawn so far.
  bool Fits(const sched::Node& node, std::int64_t gpus) const {
    std::int64_t free_gpus = node.allocatable.size() > 2 ? node.allocatable[2].second : 0;
    std::int64_t cores = node.allocatable[0].second;
    for (const Occupant& occupant : occupants) {
      if (occupant.node != node.name) continue;
      cores -= occupant.amounts[0].second;
      if (occupant.amounts.size() > 2) free_gpus -= occupant.amounts[2].second;
    }
    return free_gpus >= gpus && cores >= 1000;
  }

  void DrawRunning(int number) {
    Gang gang = DrawGang("r" + std::to_string(number));
    gang.state = OneIn(10) ? GangState::kReleasing : GangState::kRunning;
    gang.started = Seconds(kNow - 1 - UpTo(300));
    if (OneIn(4)) gang.protected_until = Seconds(kNow + 1 + UpTo(100));
    const std::int64_t gpus = UpTo(4);
    const int pods = 1 + UpTo(2);
    int placed = 0;
    for (int i = 0; i < pods; ++i) {
      const sched::Node& node =
          nodes[static_cast<std::size_t>(UpTo(static_cast<int>(nodes.size()) - 1))];
      if (!Fits(node, gpus)) continue;
      Occupant occupant;
      occupant.key = gang.uid + "#" + std::to_string(i);
      occupant.node = node.name;
      occupant.gang = gang.uid;
      occupant.tenant = gang.tenant;
      occupant.ns = gang.ns;
      occupant.amounts = Request(gpus);
      occupants.push_back(occupant);
      ++placed;
    }
    if (placed > 0) gangs.emplace_back(gang, std::vector<Shape>{});
  }

  void DrawPending(int number) {
    Gang gang = DrawGang("j" + std::to_string(number));
    std::vector<Shape> shapes;
    const int tasks = OneIn(4) ? 2 : 1;
    std::int32_t replicas = 0;
    for (int t = 0; t < tasks; ++t) {
      Shape shape;
      shape.request = Request(UpTo(1) == 0 ? UpTo(8) : 4, 1000 * (1 + UpTo(3)));
      if (OneIn(6)) shape.selector = {{"zone", SelectOp::kIn, {"a"}, false}};
      if (OneIn(6)) shape.tolerations = {{"t", "", "", true}};
      if (OneIn(12)) shape.ports = {{80, "TCP", ""}};
      shapes.push_back(shape);
      gang.tasks.push_back({"t" + std::to_string(t), {}, 1 + UpTo(3), {}});
      replicas += gang.tasks.back().replicas;
    }
    gang.min_replicas = OneIn(3) ? 1 + UpTo(replicas - 1) : replicas;
    gang.finish_first = OneIn(16);
    gangs.emplace_back(gang, shapes);
  }

  // Of each tenant, with luck, for some of its gangs.
  void DrawBudgets() {
    for (const sched::Tenant& tenant : tenants) {
      if (OneIn(3)) continue;
      budgets.push_back({tenant.name + "/b", UpTo(3)});
      for (auto& [gang, shapes] : gangs) {
        if (gang.ns != tenant.name || gang.state != GangState::kRunning || OneIn(2)) continue;
        gang.budgets = {{budgets.back().name, 1 + UpTo(2)}};
      }
    }
  }

  Ties DrawTiesOfOne(bool joins) {
    Ties ties;
    const auto set = [&] { return std::string(1, static_cast<char>('x' + UpTo(1))); };
    const auto topology = [&] { return OneIn(2) ? "zone" : "kubernetes.io/hostname"; };
    if (OneIn(2)) ties.push_back({TieKind::kIsIn, set(), ""});
    if (OneIn(3)) ties.push_back({TieKind::kAvoids, set(), topology()});
    if (joins && OneIn(3)) ties.push_back({TieKind::kJoins, set(), topology()});
    if (joins && OneIn(3)) ties.push_back({TieKind::kSpreads, set(), topology(), 1 + UpTo(1), 0});
    std::sort(ties.begin(), ties.end());
    return ties;
  }

  // In some worlds, for some of the pods.
  void DrawTies() {
    if (!OneIn(3)) return;
    for (Occupant& occupant : occupants) {
      if (OneIn(2)) occupant.ties = DrawTiesOfOne(false);
    }
    for (auto& [gang, shapes] : gangs) {
      for (GangTask& task : gang.tasks) {
        if (OneIn(2)) task.ties = DrawTiesOfOne(true);
      }
    }
  }

  void DrawBounds() {
    for (auto& [gang, shapes] : gangs) {
      if (OneIn(2)) continue;
      const int seconds = 1 + UpTo(600);
      gang.bound_ms = 1000 * seconds;
      if (gang.state == GangState::kRunning) gang.bound_end = Seconds(kNow + seconds);
    }
  }

  std::mt19937 random_;
};

// Policies that are told apart by how many slots there are.
inline Policy SomePolicy(unsigned seed) {
  constexpr std::int32_t kSlots[] = {0, 1, 2, 8};
  Policy policy;
  policy.slots = kSlots[seed % 4];
  return policy;
}

}  // namespace muster::sched::testing
