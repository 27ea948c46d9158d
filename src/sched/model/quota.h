// Who may use how much: the quota tree of scheduling.md section 2, for one cycle.
//
//   own(t)       = max(0, guaranteed(t) - sum over children of guaranteed)
//   subtree(t)   = own(t) + sum over children c of (subtree(c) - G(c))
//   G(t)         = max(0, subtree(t) - lending_limit(t)), 0 without a limit;  G(root) = 0
//   up(t)        = used by t itself + sum over children c of max(0, up(c) - G(c))
//   available(root) = C - (sum of own over the tree - subtree(root)) - up(root)
//   available(t) = max(0, G - up) + min(available(parent), subtree - G + borrow - max(0, up - G))
// (Kueue's cohort algebra: pkg/cache/scheduler/resource_node.go.)  An unlimited borrow drops the
// second term of the min; a resource that no node has does not bind at the root, so that the answer
// about it comes from the nodes.
//
//   entitled: from t to the root with rest = q: up(u) + rest <= subtree(u);
//             rest <- max(0, rest - max(0, G(u) - up(u)))
// Above t only what entitled gangs hold counts as up: what others borrow must not take away a
// guarantee, or nothing could ever be reclaimed.  Asked over the requested resources for which t or
// an ancestor states a guarantee; with none the answer is no.
//
// A column a resource, built when first asked for.  Tenants in order of name; 0 is the root.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "sched/model/world_state.h"

namespace muster::sched {

// The ceiling that refuses a request, for the sentence that tells it.
enum class Ceiling {
  kOpen,  // nothing refuses
  kHard,  // of a tenant or one above it
  kNamespace,
  kBorrow,   // guarantee and borrowing limit
  kCluster,  // what the cluster has, less what is guaranteed to others and not lent
  kGangs,    // max_running_gangs
  kDevices,  // max_devices_per_gang
};

struct Refusal {
  Ceiling ceiling = Ceiling::kOpen;
  bool alone = false;  // the request alone is above it: waiting does not help
  ResourceId resource;
  std::int64_t limit = 0;
  std::int64_t used = 0;
  std::uint32_t at = 0;  // tree index of the tenant whose ceiling it is
};

// Amounts of a gang or of one replica; limits.* apart.
struct Demand {
  std::uint32_t tenant = kNoSlot;  // slots of the World
  std::uint32_t ns = kNoSlot;
  Sums request;
  Sums limits;
};

class QuotaBook {
 public:
  // What a change touches.  A reservation counts like usage; what its victims still hold is passed
  // on in `up`, but stays under the ceilings until it is gone.
  enum Part : unsigned { kUp = 1, kTotal = 2, kEntitled = 4 };

  explicit QuotaBook(const WorldState& world);

  // `times` more (or less) of the sums for the tenant.  Unknown tenants: nothing.
  void Use(std::uint32_t tenant, const Sums& sums, Wide times, unsigned parts);
  void UseNamespace(std::uint32_t ns, const Sums& sums, Wide times);

  // The largest n <= most such that n times `each` may start.
  std::int64_t Room(const Demand& each, std::int64_t most);
  // The ceiling that refuses `all`, one that waiting cannot lift first.
  Refusal WhyNot(const Demand& all);
  // Whether a gang that asks for `request` in all is entitled to it.  With `of_entitled`, beside
  // entitled gangs alone (for the classes of running gangs).
  bool Entitled(std::uint32_t tenant, const Sums& request, bool of_entitled = false);

  // Whether the tenant or one above it states a guarantee for something in the request.
  bool Stated(std::uint32_t tenant, const Sums& request) const;
  bool AnyStated() const { return any_stated_; }
  // Rises with every Use.
  std::uint64_t version() const { return version_; }

  bool Known(std::uint32_t tenant) const { return Index(tenant) != 0; }
  // The tenant's place among all by name, from 1; 0: unknown.
  std::uint32_t Rank(std::uint32_t tenant) const { return Index(tenant); }
  const std::string& TenantName(std::uint32_t index) const { return names_[index]; }
  // Weighted dominant share of what the tenant's subtree holds, for the order: 2^40 is all of the
  // cluster at weight 1.  Weight 0 is above every other.
  std::int64_t Share(std::uint32_t tenant) const;
  // The same without the weight.
  std::int64_t DominantShare(std::uint32_t tenant) const;
  // What one more gang may take of the resource, ceilings of namespaces apart; cut at 0.
  std::int64_t Available(std::uint32_t tenant, ResourceId resource);
  Wide Capacity(ResourceId resource) const;

 private:
  struct Cell {
    Wide own = 0, subtree = 0, g = 0;
    Wide up = 0, entitled = 0;
    std::int64_t borrow = -1;  // -1: unlimited
    bool guaranteed = false;   // it or an ancestor states a guarantee
  };
  struct Book {
    bool built = false;
    bool bound = true;    // some node has it
    bool stated = false;  // some tenant states a guarantee
    Wide capacity = 0, unlent = 0;
    std::vector<Cell> cells;  // by tree index
  };

  std::uint32_t Index(std::uint32_t tenant) const {
    return tenant < index_.size() ? index_[tenant] : 0;
  }
  void Arrange();
  void ArrangeParents();
  Book& Get(ResourceId resource);
  void Fill(ResourceId resource, Book& book);
  void Raise(Book& book, std::uint32_t t, Wide delta, Wide Cell::*part);
  Wide AvailableAt(const Book& book, std::uint32_t t) const;
  Wide MostAt(const Book& book, std::uint32_t t) const;  // were nothing in use
  bool EntitledTo(Book& book, std::uint32_t t, Wide amount, bool of_entitled) const;
  Refusal RefusalOf(std::uint32_t t, ResourceId resource, Wide amount);
  Refusal RefusalOfNamespace(std::uint32_t ns, ResourceId resource, Wide amount) const;
  Wide NamespaceUsed(std::uint32_t ns, ResourceId resource) const;

  const WorldState& world_;
  std::vector<std::uint32_t> index_;    // tenant slot -> tree index
  std::vector<std::uint32_t> slots_;    // tree index -> tenant slot; root: kNoSlot
  std::vector<std::uint32_t> parents_;  // tree index -> tree index; root: 0
  std::vector<std::uint32_t> order_;    // children before parents, the root last
  std::vector<std::string> names_;
  std::vector<Sums> held_;   // total, by tree index
  Sums foreign_;             // held by tenants that are gone
  std::vector<Book> books_;  // by resource
  std::map<std::uint32_t, Sums> ns_changes_;
  std::uint64_t version_ = 1;
  bool any_stated_ = false;
  mutable std::vector<std::int64_t> dominant_;  // by tree index; -1: to be computed
};

}  // namespace muster::sched
