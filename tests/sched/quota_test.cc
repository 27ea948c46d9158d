// The quota tree against a brute-force model: all sums from scratch, and what may start found by
// trying one unit more.
#include "sched/model/quota.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "muster/sched/world.h"
#include "testing/scenario.h"

namespace muster::sched {
namespace {

using testing::Gpus;
using testing::Scenario;

struct Model {
  std::map<std::string, Tenant> tenants;
  std::map<std::string, std::int64_t> used;
  std::int64_t capacity = 0;

  static std::int64_t Get(const Amounts& amounts, std::int64_t absent) {
    return amounts.empty() ? absent : amounts[0].second;
  }
  std::vector<std::string> Children(const std::string& t) const {
    std::vector<std::string> children;
    for (const auto& [name, tenant] : tenants) {
      if (tenant.parent == t) children.push_back(name);
    }
    return children;
  }
  std::int64_t Own(const std::string& t) const {
    std::int64_t own = t.empty() ? 0 : Get(tenants.at(t).guaranteed, 0);
    for (const auto& c : Children(t)) own -= Get(tenants.at(c).guaranteed, 0);
    return t.empty() ? 0 : std::max<std::int64_t>(0, own);
  }
  std::int64_t Subtree(const std::string& t) const {
    std::int64_t sum = Own(t);
    for (const auto& c : Children(t)) sum += Subtree(c) - G(c);
    return sum;
  }
  std::int64_t G(const std::string& t) const {
    if (t.empty() || tenants.at(t).lending_limit.empty()) return 0;
    return std::max<std::int64_t>(0, Subtree(t) - Get(tenants.at(t).lending_limit, 0));
  }
  std::int64_t Up(const std::string& t) const {
    std::int64_t up = used.count(t) ? used.at(t) : 0;
    for (const auto& c : Children(t)) up += std::max<std::int64_t>(0, Up(c) - G(c));
    return up;
  }
  std::int64_t Total(const std::string& t) const {
    std::int64_t total = used.count(t) ? used.at(t) : 0;
    for (const auto& c : Children(t)) total += Total(c);
    return total;
  }
  std::int64_t Unlent(const std::string& t) const {
    std::int64_t sum = Own(t);
    for (const auto& c : Children(t)) sum += Unlent(c);
    return sum;
  }
  // Whether what is used now is allowed, for t and all above it.
  bool Allowed(std::string t) const {
    for (;; t = tenants.at(t).parent) {
      if (t.empty()) return Up("") <= capacity - (Unlent("") - Subtree(""));
      const Tenant& tenant = tenants.at(t);
      if (!tenant.hard.empty() && Total(t) > Get(tenant.hard, 0)) return false;
      const std::int64_t borrowed = std::max<std::int64_t>(0, Up(t) - G(t));
      if (!tenant.borrow_limit.empty() &&
          borrowed > Subtree(t) - G(t) + Get(tenant.borrow_limit, 0)) {
        return false;
      }
    }
  }
  std::int64_t Room(const std::string& t, std::int64_t most) {
    std::int64_t room = 0;
    while (room < most) {
      used[t] += 1;
      if (!Allowed(t)) break;
      ++room;
    }
    used[t] -= room < most ? room + 1 : room;
    return room;
  }
  bool Entitled(std::string t, std::int64_t q) const {
    bool stated = false;
    for (std::string u = t; !u.empty(); u = tenants.at(u).parent) {
      stated = stated || Get(tenants.at(u).guaranteed, 0) > 0;
    }
    for (std::int64_t rest = q;; t = tenants.at(t).parent) {
      if (Up(t) + rest > Subtree(t)) return false;
      rest = std::max<std::int64_t>(0, rest - std::max<std::int64_t>(0, G(t) - Up(t)));
      if (t.empty()) return stated;
    }
  }
};

// A random tree of up to six tenants on a cluster of up to 40 GPUs.
Model RandomModel(std::mt19937& random, Scenario& s) {
  Model model;
  const auto upto = [&](int n) { return static_cast<std::int64_t>(random() % (n + 1)); };
  model.capacity = 8 + upto(32);
  s.Node("n", model.capacity);
  const int count = 1 + static_cast<int>(upto(5));
  for (int i = 0; i < count; ++i) {
    Tenant tenant;
    tenant.name = std::string(1, static_cast<char>('a' + i));
    if (i > 0 && upto(1) == 1) tenant.parent = std::string(1, static_cast<char>('a' + upto(i - 1)));
    tenant.guaranteed = Gpus(upto(10));
    if (upto(2) == 0) tenant.hard = {{"nvidia.com/gpu", upto(20)}};
    if (upto(2) == 0) tenant.borrow_limit = {{"nvidia.com/gpu", upto(8)}};
    if (upto(2) == 0) tenant.lending_limit = {{"nvidia.com/gpu", upto(8)}};
    model.tenants[tenant.name] = tenant;
    s.Tenant(tenant);
  }
  return model;
}

TEST(Quota, AgreesWithTheBruteForceModelOnRandomTrees) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    Scenario s;
    Model model = RandomModel(random, s);
    WorldState& state = s.world.state();
    const ResourceId gpu = state.Resource("nvidia.com/gpu");
    QuotaBook book(state);
    for (int step = 0; step < 12; ++step) {
      auto it = model.tenants.begin();
      std::advance(it, random() % model.tenants.size());
      const std::uint32_t slot = state.tenants.Find(it->first);
      Sums one;
      one.Add(gpu, 1);
      Demand each;
      each.tenant = slot;
      each.request = one;
      const std::int64_t room = model.Room(it->first, 50);
      if (model.Allowed(it->first)) {
        ASSERT_EQ(book.Room(each, 50), room) << "seed " << seed << " step " << step;
      }
      const std::int64_t q = 1 + static_cast<std::int64_t>(random() % 6);
      Sums asked;
      asked.Add(gpu, q);
      ASSERT_EQ(book.Entitled(slot, asked), model.Entitled(it->first, q))
          << "seed " << seed << " step " << step;
      if (q > room) continue;
      model.used[it->first] += q;
      book.Use(slot, asked, 1, QuotaBook::kUp | QuotaBook::kTotal | QuotaBook::kEntitled);
    }
  }
}

TEST(Quota, WhatIsTakenBackLeavesNoTrace) {
  Scenario s;
  sched::Tenant child;
  child.name = "c";
  child.parent = "p";
  child.guaranteed = Gpus(4);
  child.lending_limit = {{"nvidia.com/gpu", 1}};
  s.Node("n", 16).Tenant("p", 8).Tenant(child);
  WorldState& state = s.world.state();
  QuotaBook book(state);
  const ResourceId gpu = state.Resource("nvidia.com/gpu");
  const std::uint32_t c = state.tenants.Find("c");
  const std::int64_t before = book.Available(c, gpu);
  Sums sums;
  sums.Add(gpu, 7);
  book.Use(c, sums, 1, QuotaBook::kUp | QuotaBook::kTotal);
  EXPECT_EQ(book.Available(c, gpu), before - 7);
  book.Use(c, sums, -1, QuotaBook::kUp | QuotaBook::kTotal);
  EXPECT_EQ(book.Available(c, gpu), before);
}

TEST(Quota, AParentThatIsReachedFromItselfIsTheRoot) {
  Scenario s;
  sched::Tenant a, b;
  a.name = b.parent = "a";
  b.name = a.parent = "b";
  s.Node("n", 8).Tenant(a).Tenant(b).Job("a/j", 1, 4).Job("b/j", 1, 4);
  EXPECT_EQ(s.Decide().starts.size(), 2U);
}

TEST(Quota, BorrowingStopsAtTheBorrowLimit) {
  Scenario s;
  sched::Tenant tenant;
  tenant.name = "t";
  tenant.guaranteed = Gpus(2);
  tenant.borrow_limit = {{"nvidia.com/gpu", 2}};
  s.Node("n", 8).Tenant(tenant).Job("t/a", 1, 4).Job("t/b", 1, 1).Job("t/c", 1, 5);
  EXPECT_EQ(s.Plan(),
            "start t/a B: n main x1\n"
            "hold t/b: WaitingForQuota: needs 1 nvidia.com/gpu (1 pod x 1); tenant t has 0 of 4 "
            "left (4 in use) of its guarantee and borrowing limit\n"
            "hold t/c: ExceedsMaxQuota: needs 5 nvidia.com/gpu (1 pod x 5); tenant t may have at "
            "most 4 by its guarantee and borrowing limit\n");
}

TEST(Quota, WhatIsNotLentIsKeptForItsOwner) {
  Scenario s;
  sched::Tenant owner;
  owner.name = "o";
  owner.guaranteed = Gpus(4);
  owner.lending_limit = {{"nvidia.com/gpu", 1}};
  s.Node("n", 8).Tenant(owner).Tenant("t").Job("t/a", 1, 6);
  EXPECT_EQ(s.Plan(),
            "hold t/a: WaitingForQuota: needs 6 nvidia.com/gpu (1 pod x 6); the cluster has 5 of 5 "
            "left (0 in use), what is guaranteed to others apart\n");
}

TEST(Quota, ANamespaceQuotaIsOneMoreCeiling) {
  Scenario s;
  s.world.SetNamespaceQuota({"t", {{"limits.cpu", 3000}, {"nvidia.com/gpu", 4}}});
  s.Node("n", 8).Tenant("t").Running("t/x", {"n"}, 2);
  Gang gang = s.MakeGang("t/limits", 2, 0);
  gang.tasks[0].limits = {{"limits.cpu", 2000}};
  s.Job("t/j", 1, 3).Job(gang);
  EXPECT_EQ(s.Plan(),
            "hold t/limits: ExceedsMaxQuota: needs 4 limits.cpu (2 pods x 2); the quota of "
            "namespace t is 3\n"
            "hold t/j: WaitingForQuota: needs 3 nvidia.com/gpu (1 pod x 3); the quota of namespace "
            "t has 2 of 4 left (2 in use)\n");
}

TEST(Quota, GangsAndDevicesPerGangAreLimited) {
  Scenario s;
  sched::Tenant tenant;
  tenant.name = "t";
  tenant.max_running_gangs = 1;
  tenant.max_devices_per_gang = 4;
  s.Node("n", 16).Tenant(tenant).Job("t/a", 1, 4).Job("t/b", 1, 4).Job("t/c", 2, 3);
  EXPECT_EQ(s.Plan(),
            "start t/a B: n main x1\n"
            "hold t/b: WaitingForQuota: tenant t has 1 of at most 1 running jobs\n"
            "hold t/c: ExceedsMaxQuota: needs 6 nvidia.com/gpu (2 pods x 3); a job of tenant t may "
            "have at most 4\n");
}

TEST(Quota, MoreThanTheClusterHasIsNeverWaitedFor) {
  Scenario s;
  s.Node("n", 8).Node("m", 8).Tenant("t").Job("t/j", 3, 8);
  EXPECT_EQ(s.Plan(),
            "hold t/j: ExceedsMaxQuota: needs 24 nvidia.com/gpu (3 pods x 8); the cluster has 16 "
            "in all\n");
}

}  // namespace
}  // namespace muster::sched
