#include "sched/model/quota.h"

#include <algorithm>
#include <limits>

namespace muster::sched {
namespace {

constexpr Wide kUnbound = Wide{1} << 120;

Wide Positive(Wide value) { return std::max<Wide>(0, value); }

std::int64_t Quotient(Wide room, Wide each) {
  if (room <= 0) return 0;
  return Clamp(room / each);
}

}  // namespace

QuotaBook::QuotaBook(const WorldState& world) : world_(world) {
  Arrange();
  books_.resize(world_.columns.size());
  held_.resize(slots_.size());
  for (std::uint32_t t = 1; t < slots_.size(); ++t) {
    const TenantSlot& slot = world_.tenants[slots_[t]];
    for (std::uint32_t u = t;; u = parents_[u]) {
      for (const auto& [resource, amount] : slot.used.entries()) held_[u].Add(resource, amount);
      if (u == 0) break;
    }
    for (const auto& [resource, amount] : slot.guaranteed) books_[resource.value].stated = true;
  }
  for (std::uint32_t r = 0; r < books_.size(); ++r) {
    if (!books_[r].stated) continue;
    any_stated_ = true;
    Get(ResourceId{r});
  }
  dominant_.assign(slots_.size(), -1);
}

// A parent that is unknown, or that is reached again from itself, is the root.
void QuotaBook::ArrangeParents() {
  parents_.assign(slots_.size(), 0);
  for (std::uint32_t t = 1; t < slots_.size(); ++t) {
    const std::string& parent = world_.tenants[slots_[t]].tenant->parent;
    const std::uint32_t slot = parent.empty() ? kNoSlot : world_.tenants.Find(parent);
    if (slot == kNoSlot) continue;
    std::uint32_t up = index_[slot];
    while (up != 0 && up != t) up = parents_[up];
    if (up != t) parents_[t] = index_[slot];
  }
}

void QuotaBook::Arrange() {
  index_.assign(world_.tenants.size(), 0);
  slots_ = {kNoSlot};
  names_ = {""};
  for (const auto& [name, slot] : world_.tenants.index()) {
    const TenantSlot& tenant = world_.tenants[slot];
    if (!tenant.tenant) {
      for (const auto& [resource, amount] : tenant.used.entries()) foreign_.Add(resource, amount);
      continue;
    }
    index_[slot] = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(slot);
    names_.emplace_back(name);
  }
  ArrangeParents();
  std::vector<std::pair<std::int32_t, std::uint32_t>> by_depth;
  for (std::uint32_t t = 0; t < slots_.size(); ++t) {
    std::int32_t depth = 0;
    for (std::uint32_t u = t; u != 0; u = parents_[u]) --depth;
    by_depth.emplace_back(depth, t);
  }
  std::sort(by_depth.begin(), by_depth.end());
  for (const auto& [depth, t] : by_depth) order_.push_back(t);
}

QuotaBook::Book& QuotaBook::Get(ResourceId resource) {
  Book& book = books_[resource.value];
  if (!book.built) Fill(resource, book);
  return book;
}

void QuotaBook::Fill(ResourceId resource, Book& book) {
  book.built = true;
  book.bound = world_.allocatable.Of(resource) > 0;
  book.capacity = Capacity(resource);
  book.cells.resize(slots_.size());
  std::vector<Wide> of_children(slots_.size(), 0);  // sum of guarantees
  for (const std::uint32_t t : order_) {
    Cell& cell = book.cells[t];
    Wide guaranteed = 0;
    if (t != 0) {
      const TenantSlot& slot = world_.tenants[slots_[t]];
      guaranteed = AmountOf(slot.guaranteed, resource);
      cell.borrow = LimitOf(slot.borrow_limit, resource);
      const std::int64_t lending = LimitOf(slot.lending_limit, resource);
      cell.own = Positive(guaranteed - of_children[t]);
      cell.subtree += cell.own;
      cell.g = lending < 0 ? 0 : Positive(cell.subtree - lending);
      of_children[parents_[t]] += guaranteed;
      book.cells[parents_[t]].subtree += cell.subtree - cell.g;
      book.unlent += cell.own;
    }
    cell.guaranteed = guaranteed > 0;
  }
  book.unlent -= book.cells[0].subtree;
  for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
    if (book.cells[parents_[*it]].guaranteed) book.cells[*it].guaranteed = true;
  }
  for (std::uint32_t t = 1; t < slots_.size(); ++t) {
    const Wide used = world_.tenants[slots_[t]].used.Of(resource);
    Raise(book, t, used, &Cell::up);
    Raise(book, t, used, &Cell::entitled);
  }
}

// up(parent) counts of a child only what is above the child's own unlent guarantee.
void QuotaBook::Raise(Book& book, std::uint32_t t, Wide delta, Wide Cell::*part) {
  while (delta != 0) {
    Cell& cell = book.cells[t];
    const Wide before = Positive(cell.*part - cell.g);
    cell.*part += delta;
    delta = Positive(cell.*part - cell.g) - before;
    if (t == 0) return;
    t = parents_[t];
  }
}

void QuotaBook::Use(std::uint32_t tenant, const Sums& sums, Wide times, unsigned parts) {
  const std::uint32_t t = Index(tenant);
  if (t == 0) return;
  ++version_;
  for (const auto& [resource, amount] : sums.entries()) {
    if ((parts & kUp) != 0) Raise(Get(resource), t, times * amount, &Cell::up);
    if ((parts & kEntitled) != 0 && books_[resource.value].stated) {
      Raise(Get(resource), t, times * amount, &Cell::entitled);
    }
    if ((parts & kTotal) == 0) continue;
    for (std::uint32_t u = t;; u = parents_[u]) {
      held_[u].Add(resource, times * amount);
      dominant_[u] = -1;
      if (u == 0) break;
    }
  }
}

void QuotaBook::UseNamespace(std::uint32_t ns, const Sums& sums, Wide times) {
  if (ns == kNoSlot || !world_.namespaces[ns].quota) return;
  for (const auto& [resource, amount] : sums.entries()) {
    ns_changes_[ns].Add(resource, times * amount);
  }
}

Wide QuotaBook::NamespaceUsed(std::uint32_t ns, ResourceId resource) const {
  const auto it = ns_changes_.find(ns);
  const Wide change = it == ns_changes_.end() ? 0 : it->second.Of(resource);
  return world_.namespaces[ns].used.Of(resource) + change;
}

Wide QuotaBook::Capacity(ResourceId resource) const {
  return world_.capacity.Of(resource) - foreign_.Of(resource);
}

Wide QuotaBook::AvailableAt(const Book& book, std::uint32_t t) const {
  const Cell& cell = book.cells[t];
  if (t == 0) return book.bound ? book.capacity - book.unlent - cell.up : kUnbound;
  Wide lent = AvailableAt(book, parents_[t]);
  if (cell.borrow >= 0) {
    lent = std::min(lent, cell.subtree - cell.g + cell.borrow - Positive(cell.up - cell.g));
  }
  return Positive(cell.g - cell.up) + lent;
}

Wide QuotaBook::MostAt(const Book& book, std::uint32_t t) const {
  const Cell& cell = book.cells[t];
  if (t == 0) return kUnbound;
  const Wide lent = MostAt(book, parents_[t]);
  return cell.borrow < 0 ? cell.g + lent
                         : cell.g + std::min(lent, cell.subtree - cell.g + cell.borrow);
}

std::int64_t QuotaBook::Available(std::uint32_t tenant, ResourceId resource) {
  const std::uint32_t t = Index(tenant);
  if (t == 0) return 0;
  Wide room = AvailableAt(Get(resource), t);
  for (std::uint32_t u = t; u != 0; u = parents_[u]) {
    const std::int64_t hard = LimitOf(world_.tenants[slots_[u]].hard, resource);
    if (hard >= 0) room = std::min(room, hard - held_[u].Of(resource));
  }
  return Clamp(Positive(room));
}

std::int64_t QuotaBook::Room(const Demand& each, std::int64_t most) {
  for (const auto& [resource, amount] : each.request.entries()) {
    most = std::min(most, Quotient(Available(each.tenant, resource), amount));
  }
  if (each.ns == kNoSlot) return most;
  for (const auto& [resource, hard] : world_.namespaces[each.ns].hard) {
    const Wide amount = each.request.Of(resource) + each.limits.Of(resource);
    if (amount > 0)
      most = std::min(most, Quotient(hard - NamespaceUsed(each.ns, resource), amount));
  }
  return most;
}

Refusal QuotaBook::RefusalOf(std::uint32_t t, ResourceId resource, Wide amount) {
  Refusal refusal;
  refusal.resource = resource;
  for (std::uint32_t u = t; u != 0; u = parents_[u]) {
    const std::int64_t hard = LimitOf(world_.tenants[slots_[u]].hard, resource);
    const Wide held = held_[u].Of(resource);
    if (hard < 0 || held + amount <= hard || refusal.alone) continue;
    if (refusal.ceiling != Ceiling::kOpen && amount <= hard) continue;
    refusal = {Ceiling::kHard, amount > hard, resource, hard, Clamp(held), u};
  }
  const Book& book = Get(resource);
  if (refusal.alone || AvailableAt(book, t) >= amount) return refusal;
  const Wide most = MostAt(book, t);
  const Wide in_all = world_.allocatable.Of(resource);
  if (most < amount) {
    return {Ceiling::kBorrow, true, resource, Clamp(most), Clamp(book.cells[t].up), t};
  }
  if (book.bound && in_all < amount) {
    return {Ceiling::kCluster, true, resource, Clamp(in_all), Clamp(book.cells[0].up), 0};
  }
  if (refusal.ceiling != Ceiling::kOpen) return refusal;
  const Wide root = AvailableAt(book, 0);
  const Ceiling by = root < amount ? Ceiling::kCluster : Ceiling::kBorrow;
  const Wide limit = by == Ceiling::kCluster ? book.capacity - book.unlent : most;
  return {by, false, resource, Clamp(limit), Clamp(book.cells[by == Ceiling::kCluster ? 0 : t].up),
          t};
}

Refusal QuotaBook::RefusalOfNamespace(std::uint32_t ns, ResourceId resource, Wide amount) const {
  const std::int64_t hard = LimitOf(world_.namespaces[ns].hard, resource);
  const Wide used = NamespaceUsed(ns, resource);
  if (hard < 0 || amount <= 0 || used + amount <= hard) return {};
  return {Ceiling::kNamespace, amount > hard, resource, hard, Clamp(used), 0};
}

Refusal QuotaBook::WhyNot(const Demand& all) {
  Refusal first;
  const auto consider = [&](const Refusal& refusal) {
    if (refusal.ceiling == Ceiling::kOpen) return;
    const auto rank = [&](const Refusal& r) {  // lasting ones first, the cluster last, then by name
      return std::tuple(!r.alone, r.ceiling == Ceiling::kCluster,
                        std::string_view(world_.Name(r.resource)), r.ceiling);
    };
    if (first.ceiling == Ceiling::kOpen || rank(refusal) < rank(first)) first = refusal;
  };
  const std::uint32_t t = Index(all.tenant);
  for (const auto& [resource, amount] : all.request.entries()) {
    consider(RefusalOf(t, resource, amount));
  }
  if (all.ns == kNoSlot) return first;
  for (const auto& [resource, hard] : world_.namespaces[all.ns].hard) {
    consider(
        RefusalOfNamespace(all.ns, resource, all.request.Of(resource) + all.limits.Of(resource)));
  }
  return first;
}

bool QuotaBook::EntitledTo(Book& book, std::uint32_t t, Wide amount, bool of_entitled) const {
  Wide rest = amount;
  for (std::uint32_t u = t; u != 0; u = parents_[u]) {
    const Cell& cell = book.cells[u];
    const Wide up = u == t && !of_entitled ? cell.up : cell.entitled;
    if (up + rest > cell.subtree) return false;
    rest = Positive(rest - Positive(cell.g - up));
  }
  return book.cells[0].entitled + rest <= book.cells[0].subtree;
}

bool QuotaBook::Entitled(std::uint32_t tenant, const Sums& request, bool of_entitled) {
  const std::uint32_t t = Index(tenant);
  if (t == 0) return false;
  bool asked = false;
  for (const auto& [resource, amount] : request.entries()) {
    if (!books_[resource.value].stated || amount <= 0) continue;
    Book& book = Get(resource);
    if (!book.cells[t].guaranteed) continue;
    asked = true;
    if (!EntitledTo(book, t, amount, of_entitled)) return false;
  }
  return asked;
}

bool QuotaBook::Stated(std::uint32_t tenant, const Sums& request) const {
  const std::uint32_t t = Index(tenant);
  for (const auto& [resource, amount] : request.entries()) {
    const Book& book = books_[resource.value];
    if (book.stated && amount > 0 && book.cells[t].guaranteed) return true;
  }
  return false;
}

std::int64_t QuotaBook::DominantShare(std::uint32_t tenant) const {
  const std::uint32_t t = Index(tenant);
  if (t == 0) return 0;
  if (dominant_[t] >= 0) return dominant_[t];
  Wide share = 0;
  for (const auto& [resource, amount] : held_[t].entries()) {
    const Wide capacity = Capacity(resource);
    if (capacity <= 0 || amount <= 0) continue;
    share = std::max(share, (Wide{Clamp(amount)} << 40) / capacity);
  }
  return dominant_[t] = Clamp(share);
}

std::int64_t QuotaBook::Share(std::uint32_t tenant) const {
  const std::uint32_t t = Index(tenant);
  if (t == 0) return 0;
  const std::int64_t weight = world_.tenants[slots_[t]].tenant->weight_milli;
  if (weight <= 0) return std::numeric_limits<std::int64_t>::max();
  return Clamp(Wide{DominantShare(tenant)} * 1000 / weight);
}

}  // namespace muster::sched
