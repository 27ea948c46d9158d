#include "sched/trial.h"

#include <algorithm>

namespace muster::sched {

void Trial::TakePorts(std::uint32_t row, const std::vector<Port>& ports, bool back) {
  if (ports.empty()) return;
  std::vector<Port> now = overlay_.Ports(row);
  Undo undo;
  undo.kind = Undo::Kind::kPorts;
  undo.at = row;
  undo.ports = now;
  undo_.push_back(std::move(undo));
  for (const Port& port : ports) {
    const auto it = std::find(now.begin(), now.end(), port);
    if (!back) {
      now.push_back(port);
    } else if (it != now.end()) {
      now.erase(it);
    }
  }
  overlay_.SetPorts(row, std::move(now));
}

void Trial::TakeShadows(std::uint32_t row, const Vec& vec, std::int64_t times,
                        std::int64_t end_ms) {
  if (overlay_.shadows().empty()) return;
  overlay_.shadows().Take(row, vec, times, 0, end_ms);
  Undo undo;
  undo.kind = Undo::Kind::kShadows;
  undo.at = row;
  undo.vec = vec;
  undo.times = times;
  undo.end_ms = end_ms;
  undo_.push_back(std::move(undo));
}

void Trial::Take(std::uint32_t row, const Vec& vec, std::int64_t times,
                 const std::vector<Port>& ports, std::int64_t end_ms) {
  for (const auto& [resource, amount] : vec) {
    if (!overlay_.Has(resource)) continue;  // nobody who waits asks for it
    const std::int64_t free = overlay_.Free(resource, row);
    Undo undo;
    undo.at = row;
    undo.resource = resource;
    undo.free = free;
    undo_.push_back(std::move(undo));
    overlay_.SetFree(resource, row, Clamp(free - Wide{amount} * times));
  }
  TakePorts(row, ports, times < 0);
  TakeShadows(row, vec, times, end_ms);
  overlay_.Touch(row);
}

void Trial::Tie(std::uint32_t row, std::uint32_t ties, std::int64_t more,
                TieCounts::Presence presence) {
  if (ties == kNoSlot) return;
  overlay_.AddTies(ties, row, more, presence);
  Undo undo;
  undo.kind = Undo::Kind::kTies;
  undo.at = row;
  undo.ties = ties;
  undo.presence = presence;
  undo.free = more;
  undo_.push_back(std::move(undo));
}

void Trial::Use(std::uint32_t tenant, const Sums& sums, Wide times, unsigned parts) {
  quota_.Use(tenant, sums, times, parts);
  Undo undo;
  undo.kind = Undo::Kind::kQuota;
  undo.at = tenant;
  undo.sums = sums;
  undo.times = times;
  undo.parts = parts;
  undo_.push_back(std::move(undo));
}

void Trial::UseNamespace(std::uint32_t ns, const Sums& sums, Wide times) {
  quota_.UseNamespace(ns, sums, times);
  Undo undo;
  undo.kind = Undo::Kind::kNamespace;
  undo.at = ns;
  undo.sums = sums;
  undo.times = times;
  undo_.push_back(std::move(undo));
}

void Trial::RollBackTo(Mark mark) {
  while (undo_.size() > mark) {
    Undo& undo = undo_.back();
    switch (undo.kind) {
      case Undo::Kind::kFree:
        overlay_.SetFree(undo.resource, undo.at, undo.free);
        overlay_.Touch(undo.at);
        break;
      case Undo::Kind::kPorts:
        overlay_.SetPorts(undo.at, std::move(undo.ports));
        overlay_.Touch(undo.at);
        break;
      case Undo::Kind::kTies:
        overlay_.AddTies(undo.ties, undo.at, -undo.free, undo.presence);
        break;
      case Undo::Kind::kShadows:
        overlay_.shadows().Take(undo.at, undo.vec, -static_cast<std::int64_t>(undo.times), 0,
                                undo.end_ms);
        break;
      case Undo::Kind::kQuota:
        quota_.Use(undo.at, undo.sums, -undo.times, undo.parts);
        break;
      case Undo::Kind::kNamespace:
        quota_.UseNamespace(undo.at, undo.sums, -undo.times);
        break;
    }
    undo_.pop_back();
  }
}

}  // namespace muster::sched
