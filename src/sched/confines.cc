#include "sched/confines.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace muster::sched {
namespace {

constexpr std::size_t kMostDomains = 16;

using Rooms = std::vector<std::int64_t>;  // by task

bool IsIn(const Cycle& cycle, const SigTask& task, std::uint32_t set) {
  return task.ties != kNoSlot && cycle.state.ties.At(task.ties).IsIn(set);
}

// Terms by which some task joins another, or itself.
std::vector<std::uint32_t> TermsOf(const Cycle& cycle, const SigSlot& sig) {
  std::vector<std::uint32_t> terms;
  for (const SigTask& task : sig.tasks) {
    if (task.ties == kNoSlot) continue;
    for (const std::uint32_t term : cycle.state.ties.At(task.ties).joins) {
      const std::uint32_t set = cycle.state.ties.Term(term).set;
      const bool own = std::any_of(sig.tasks.begin(), sig.tasks.end(),
                                   [&](const SigTask& other) { return IsIn(cycle, other, set); });
      if (own && std::find(terms.begin(), terms.end(), term) == terms.end()) terms.push_back(term);
    }
  }
  return terms;
}

std::vector<bool> TasksOf(const Cycle& cycle, const SigSlot& sig, std::uint32_t term) {
  std::vector<bool> tasks;
  for (const SigTask& task : sig.tasks) {
    bool joins = false;
    if (task.ties != kNoSlot) {
      const auto& all = cycle.state.ties.At(task.ties).joins;
      joins = std::find(all.begin(), all.end(), term) != all.end();
    }
    tasks.push_back(joins || IsIn(cycle, task, cycle.state.ties.Term(term).set));
  }
  return tasks;
}

std::map<std::string, Rooms> RoomsOf(Cycle& cycle, const SigSlot& sig, std::uint32_t term) {
  std::map<std::string, Rooms> rooms;
  for (std::size_t t = 0; t < sig.tasks.size(); ++t) {
    const ShapeIndex& index = cycle.IndexOf(sig.tasks[t].shape);
    for (std::uint32_t row = 0; row < cycle.state.nodes.size(); ++row) {
      const std::string* value = TieCounts::DomainOf(cycle.state, term, row);
      if (value == nullptr) continue;
      Rooms& domain = rooms.try_emplace(*value, sig.tasks.size(), 0).first->second;
      domain[t] += index.RoomAt(row);
    }
  }
  return rooms;
}

}  // namespace

std::vector<Confines> ConfinesOf(Cycle& cycle, const Request& request,
                                 const std::vector<std::int32_t>& counts) {
  const SigSlot& sig = *request.sig;
  // Of several topologies the one with the smallest domains: it is mostly a part of the others.
  std::map<std::string, Rooms> rooms;
  std::uint32_t term = kNoSlot;
  for (const std::uint32_t other : TermsOf(cycle, sig)) {
    auto found = RoomsOf(cycle, sig, other);
    if (term != kNoSlot && found.size() <= rooms.size()) continue;
    rooms = std::move(found);
    term = other;
  }
  if (term == kNoSlot) return {};
  const std::vector<bool> tasks = TasksOf(cycle, sig, term);
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [domain, room] : rooms) {
    std::int64_t left = 0;
    bool enough = true;
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      if (!tasks[t]) continue;
      enough = enough && room[t] >= counts[t];
      left += room[t] - counts[t];
    }
    if (enough) order.emplace_back(left, domain);
  }
  std::sort(order.begin(), order.end());
  if (order.size() > kMostDomains) order.resize(kMostDomains);
  std::vector<Confines> all;
  all.reserve(order.size());
  for (auto& [left, domain] : order) all.push_back({term, std::move(domain), tasks});
  return all;
}

}  // namespace muster::sched
