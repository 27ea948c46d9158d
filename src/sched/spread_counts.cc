#include "sched/spread_counts.h"

#include <algorithm>
#include <string_view>

namespace muster::sched {
namespace {

// Null: the node is not there, or has no such label.
const std::string* ValueAt(const WorldState& world, std::uint32_t row, const std::string& label) {
  const auto& node = world.nodes[row].node;
  if (!node) return nullptr;
  const auto it = node->labels.find(label);
  return it == node->labels.end() ? nullptr : &it->second;
}

}  // namespace

void SpreadCounts::Reset(const WorldState& world) {
  world_ = &world;
  field_of_.clear();
  first_of_.clear();
  of_set_.clear();
  fields_.clear();
  constraints_.clear();
}

void SpreadCounts::Add(std::uint32_t ties, std::uint32_t row, std::int64_t more,
                       TieCounts::Presence presence) {
  if (of_set_.empty() || ties == kNoSlot) return;
  for (const std::uint32_t set : world_->ties.At(ties).in) {
    const auto it = of_set_.find(set);
    if (it == of_set_.end()) continue;
    for (const std::uint32_t id : it->second) Put(constraints_[id], row, more, presence);
  }
}

void SpreadCounts::Put(Constraint& constraint, std::uint32_t row, std::int64_t more,
                       TieCounts::Presence presence) const {
  const Field& field = fields_[constraint.field];
  if (!field.counts[row]) return;
  const std::uint32_t number = field.topologies[constraint.topology].domain[row];
  Domain& domain = constraint.domains[number];
  if (presence == TieCounts::Presence::kExpected) {
    domain.expected += more;
  } else {
    if (domain.in <= 0) {
      --constraint.empty;
    } else if (const auto level = constraint.filled.find(domain.in); --level->second == 0) {
      constraint.filled.erase(level);
    }
    domain.in += more;
    ++(domain.in <= 0 ? constraint.empty : constraint.filled[domain.in]);
  }
  if (domain.in == 0 && domain.expected == 0) constraint.domains.erase(number);
}

// Numbers go by value, so that no row decides anything.
SpreadCounts::Topology SpreadCounts::Divide(const std::string& topology,
                                            const std::vector<bool>& counts) const {
  std::map<std::string_view, std::uint32_t> numbers;
  for (std::uint32_t row = 0; row < counts.size(); ++row) {
    if (counts[row]) numbers.emplace(*ValueAt(*world_, row, topology), 0);
  }
  Topology made;
  for (auto& [value, number] : numbers) number = static_cast<std::uint32_t>(made.domains++);
  made.domain.assign(counts.size(), kNoSlot);
  for (std::uint32_t row = 0; row < counts.size(); ++row) {
    const std::string* value = ValueAt(*world_, row, topology);
    const auto it = value == nullptr ? numbers.end() : numbers.find(*value);
    if (it != numbers.end()) made.domain[row] = it->second;
  }
  return made;
}

std::uint32_t SpreadCounts::FieldOf(const Asker& asker) const {
  const std::vector<SpreadSlot>& spreads = world_->ties.At(asker.ties).spreads;
  std::vector<std::string> topologies;
  topologies.reserve(spreads.size());
  for (const SpreadSlot& spread : spreads) topologies.push_back(spread.topology);
  const auto [it, fresh] = field_of_.try_emplace({asker.shape, topologies}, fields_.size());
  if (!fresh) return it->second;
  Field field;
  field.counts.resize(world_->nodes.size());
  for (std::uint32_t row = 0; row < world_->nodes.size(); ++row) {
    const bool all = std::all_of(
        topologies.begin(), topologies.end(),
        [&](const std::string& label) { return ValueAt(*world_, row, label) != nullptr; });
    field.counts[row] = all && asker.selects(*world_->nodes[row].node);
  }
  for (const std::string& topology : topologies) {
    field.topologies.push_back(Divide(topology, field.counts));
  }
  fields_.push_back(std::move(field));
  return it->second;
}

std::uint32_t SpreadCounts::Of(const Asker& asker, const TieCounts& ties) const {
  const auto [it, fresh] = first_of_.try_emplace({asker.ties, asker.shape}, constraints_.size());
  if (!fresh) return it->second;
  const std::uint32_t field = FieldOf(asker);
  std::uint32_t topology = 0;
  for (const SpreadSlot& spread : world_->ties.At(asker.ties).spreads) {
    of_set_[spread.set].push_back(static_cast<std::uint32_t>(constraints_.size()));
    Constraint& constraint = constraints_.emplace_back();
    constraint.field = field;
    constraint.topology = topology++;
    constraint.empty = fields_[field].topologies[constraint.topology].domains;
    ties.EachIn(spread.set, [&](std::uint32_t row, std::int64_t pods, auto presence) {
      Put(constraint, row, pods, presence);
    });
  }
  return it->second;
}

SpreadCounts::Skew SpreadCounts::At(std::uint32_t id, std::uint32_t row) const {
  const Constraint& constraint = constraints_[id];
  const Topology& topology = fields_[constraint.field].topologies[constraint.topology];
  Skew skew;
  skew.domain = topology.domain[row];
  skew.domains = topology.domains;
  if (constraint.empty == 0 && !constraint.filled.empty()) {
    skew.fewest = constraint.filled.begin()->first;
  }
  const auto it = constraint.domains.find(skew.domain);
  if (it == constraint.domains.end()) return skew;
  skew.in = it->second.in;
  skew.expected = it->second.expected;
  return skew;
}

}  // namespace muster::sched
