#include "sched/model/ties.h"

#include <algorithm>
#include <utility>

namespace muster::sched {
namespace {

void AddTo(RowCounts& rows, std::uint32_t row, std::int64_t more) {
  const auto it = rows.try_emplace(row).first;
  it->second += more;
  if (it->second == 0) rows.erase(it);
}

// Lengths make it one text for one list, whatever the names contain.
void Append(std::string& key, const std::string& part) {
  key += std::to_string(part.size()) + ':' + part;
}

}  // namespace

bool TiesSlot::IsIn(std::uint32_t set) const {
  return std::find(in.begin(), in.end(), set) != in.end();
}

std::string TieBook::KeyOf(const Ties& ties) {
  std::string key;
  for (const Tie& tie : ties) {
    key += std::to_string(static_cast<int>(tie.kind));
    Append(key, tie.set);
    Append(key, tie.topology);
    if (tie.kind != TieKind::kSpreads) continue;
    key += std::to_string(tie.max_skew) + '/' + std::to_string(tie.min_domains) + ' ';
  }
  return key;
}

std::uint32_t TieBook::Find(const Ties& ties) const {
  return ties.empty() ? kNoSlot : ties_.Find(KeyOf(ties));
}

std::uint32_t TieBook::AcquireTerm(const Tie& tie) {
  std::string name;
  Append(name, tie.topology);
  name += tie.set;
  const std::uint32_t id = terms_.Acquire(name);
  if (!terms_.last(id)) return id;
  terms_[id].topology = tie.topology;
  terms_[id].set = sets_.Acquire(tie.set);
  // By topology: which of them refuses first is told to people.
  std::vector<std::uint32_t>& terms = sets_[terms_[id].set].terms;
  const auto at = std::lower_bound(
      terms.begin(), terms.end(), tie.topology,
      [&](std::uint32_t term, const std::string& key) { return terms_[term].topology < key; });
  terms.insert(at, id);
  return id;
}

void TieBook::ReleaseTerm(std::uint32_t id) {
  if (terms_.last(id)) {
    std::erase(sets_[terms_[id].set].terms, id);
    sets_.Release(terms_[id].set);
  }
  terms_.Release(id);
}

std::uint32_t TieBook::Acquire(const Ties& ties) {
  if (ties.empty()) return kNoSlot;
  const std::uint32_t id = ties_.Acquire(KeyOf(ties));
  if (!ties_.last(id)) return id;
  TiesSlot& slot = ties_[id];
  for (const Tie& tie : ties) {
    switch (tie.kind) {
      case TieKind::kIsIn:
        slot.in.push_back(sets_.Acquire(tie.set));
        break;
      case TieKind::kAvoids:
        slot.avoids.push_back(AcquireTerm(tie));
        break;
      case TieKind::kJoins:
        slot.joins.push_back(AcquireTerm(tie));
        break;
      case TieKind::kSpreads:
        slot.spreads.push_back(
            {sets_.Acquire(tie.set), tie.topology, tie.max_skew, tie.min_domains});
        break;
    }
  }
  return id;
}

void TieBook::Release(std::uint32_t id) {
  if (id == kNoSlot) return;
  if (ties_.last(id)) {
    const TiesSlot& slot = ties_[id];
    for (const std::uint32_t set : slot.in) sets_.Release(set);
    for (const std::uint32_t term : slot.avoids) ReleaseTerm(term);
    for (const std::uint32_t term : slot.joins) ReleaseTerm(term);
    for (const SpreadSlot& spread : slot.spreads) sets_.Release(spread.set);
  }
  ties_.Release(id);
}

void TieBook::Count(std::uint32_t id, std::uint32_t row, std::int64_t more) {
  if (id == kNoSlot) return;
  for (const std::uint32_t set : ties_[id].in) AddTo(sets_[set].rows, row, more);
  for (const std::uint32_t term : ties_[id].avoids) AddTo(terms_[term].rows, row, more);
}

std::string TieBook::TextOf(std::uint32_t term) const {
  return TextOfSet(terms_[term].set) + " in " + terms_[term].topology;
}

std::string TieBook::TextOfSet(std::uint32_t set) const {
  const std::string& name = sets_.name(set);
  return name.substr(0, name.find('\n'));
}

}  // namespace muster::sched
