#include "sched/tie_counts.h"

namespace muster::sched {

void TieCounts::Reset(const WorldState& world) {
  world_ = &world;
  in_.clear();
  expected_.clear();
  avoiding_.clear();
  domains_.clear();
}

const std::string* TieCounts::DomainOf(const WorldState& world, std::uint32_t term,
                                       std::uint32_t row) {
  const auto& node = world.nodes[row].node;
  if (!node) return nullptr;
  const auto label = node->labels.find(world.ties.Term(term).topology);
  return label == node->labels.end() ? nullptr : &label->second;
}

void TieCounts::Put(Domains& domains, std::uint32_t term, std::uint32_t row, Counts more) const {
  const std::string* value = DomainOf(*world_, term, row);
  if (value == nullptr) return;
  Counts& counts = domains.by_value[*value];
  counts.in += more.in;
  counts.avoiding += more.avoiding;
  counts.expected += more.expected;
  domains.in += more.in;
}

const TieCounts::Domains& TieCounts::DomainsOf(std::uint32_t term) const {
  const auto known = domains_.find(term);
  if (known != domains_.end()) return known->second;
  Domains& domains = domains_[term];
  const TieTermSlot& slot = world_->ties.Term(term);
  const auto put = [&](const RowCounts& rows, std::int64_t Counts::*what) {
    for (const auto& [row, count] : rows) {
      Counts more;
      more.*what = count;
      Put(domains, term, row, more);
    }
  };
  const auto put_own = [&](const auto& by_id, std::uint32_t id, std::int64_t Counts::*what) {
    if (const auto own = by_id.find(id); own != by_id.end()) put(own->second, what);
  };
  put(world_->ties.Set(slot.set).rows, &Counts::in);
  put(slot.rows, &Counts::avoiding);
  put_own(in_, slot.set, &Counts::in);
  put_own(expected_, slot.set, &Counts::expected);
  put_own(avoiding_, term, &Counts::avoiding);
  return domains;
}

void TieCounts::Add(std::uint32_t ties, std::uint32_t row, std::int64_t more, Presence presence) {
  if (ties == kNoSlot) return;
  const TiesSlot& slot = world_->ties.At(ties);
  const bool there = presence == Presence::kThere;
  const auto add = [&](std::uint32_t term, Counts counts) {
    const auto it = domains_.find(term);
    if (it != domains_.end()) Put(it->second, term, row, counts);
  };
  for (const std::uint32_t set : slot.in) {
    (there ? in_ : expected_)[set][row] += more;
    for (const std::uint32_t term : world_->ties.Set(set).terms) {
      add(term, there ? Counts{more, 0, 0} : Counts{0, 0, more});
    }
  }
  for (const std::uint32_t term : slot.avoids) {
    avoiding_[term][row] += more;
    add(term, {0, more, 0});
  }
}

TieCounts::Counts TieCounts::At(std::uint32_t term, std::uint32_t row) const {
  const std::string* value = DomainOf(*world_, term, row);
  if (value == nullptr) return {};
  const Domains& domains = DomainsOf(term);
  const auto it = domains.by_value.find(*value);
  return it == domains.by_value.end() ? Counts{} : it->second;
}

void TieCounts::EachIn(std::uint32_t set, const Visit& visit) const {
  const auto own = [&](const std::map<std::uint32_t, RowCounts>& by_set, Presence presence) {
    const auto it = by_set.find(set);
    if (it == by_set.end()) return;
    for (const auto& [row, pods] : it->second) visit(row, pods, presence);
  };
  for (const auto& [row, pods] : world_->ties.Set(set).rows) visit(row, pods, Presence::kThere);
  own(in_, Presence::kThere);
  own(expected_, Presence::kExpected);
}

std::int64_t TieCounts::InAll(std::uint32_t term) const { return DomainsOf(term).in; }

}  // namespace muster::sched
