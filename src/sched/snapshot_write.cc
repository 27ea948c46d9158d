#include <algorithm>
#include <map>

#include "muster/base/hash.h"
#include "muster/sched/snapshot.h"
#include "sched/model/world_state.h"
#include "sched/snapshot_fields.h"

namespace muster::sched {
namespace {

using ShapeNumbers = std::map<std::uint32_t, std::size_t>;  // ShapeId -> place in the text

class Writer {
 public:
  explicit Writer(const ShapeNumbers& shapes) : shapes_(shapes) {}

  template <class T>
  std::string TextOf(const T& value) const {
    if constexpr (std::is_same_v<T, std::string>) {
      return Quoted(value);
    } else if constexpr (std::is_enum_v<T>) {
      return std::to_string(static_cast<int>(value));
    } else if constexpr (std::is_integral_v<T>) {
      return std::to_string(value);
    } else if constexpr (std::is_same_v<T, base::TimePoint>) {
      return std::to_string(value.unix_ms);
    } else if constexpr (std::is_same_v<T, ShapeId>) {
      const auto it = shapes_.find(value.value);
      return it == shapes_.end() ? "-" : std::to_string(it->second);
    } else if constexpr (requires { value.second; }) {
      return "(" + TextOf(value.first) + " " + TextOf(value.second) + ")";
    } else if constexpr (requires { value.begin(); }) {
      std::string text;
      for (const auto& item : value) text += (text.empty() ? "" : " ") + TextOf(item);
      return "[" + text + "]";
    } else {
      return Struct(value);
    }
  }

  template <class T>
  std::string Line(std::string_view kind, const T& value) const {
    return std::string(kind) + " " + TextOf(value) + "\n";
  }

 private:
  static std::string Quoted(const std::string& value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text = "\"";
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || c == '"' || c == '\\') {
        text += {'\\', kDigits[byte / 16], kDigits[byte % 16]};
      } else {
        text += c;
      }
    }
    return text + "\"";
  }

  template <class T>
  std::vector<std::pair<std::string, std::string>> FieldsOf(const T& value) const {
    std::vector<std::pair<std::string, std::string>> fields;
    const auto visit = [&](const char* name, const auto& field) {
      fields.emplace_back(name, TextOf(field));
    };
    Visit(visit, value);
    return fields;
  }

  template <class T>
  std::string Struct(const T& value) const {
    static const auto defaults = Writer({}).FieldsOf(T{});
    std::string text;
    const auto fields = FieldsOf(value);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i] == defaults[i]) continue;
      text += (text.empty() ? "" : " ") + fields[i].first + "=" + fields[i].second;
    }
    return "{" + text + "}";
  }

  const ShapeNumbers& shapes_;
};

// The shapes that gangs use, in their own order.
std::vector<std::uint32_t> ShapesInUse(const WorldState& state) {
  std::vector<std::uint32_t> ids;
  for (const auto& [uid, id] : state.gangs.index()) {
    if (!state.gangs[id].gang) continue;
    for (const GangTask& task : state.gangs[id].gang->tasks) {
      if (task.shape.value < state.shapes.size()) ids.push_back(task.shape.value);
    }
  }
  std::sort(ids.begin(), ids.end(), [&](std::uint32_t a, std::uint32_t b) {
    return state.shapes[a].shape < state.shapes[b].shape;
  });
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

Ties TiesOf(const TieBook& book, std::uint32_t id) {
  Ties ties;
  if (id == kNoSlot) return ties;
  const TiesSlot& slot = book.At(id);
  for (const std::uint32_t set : slot.in) ties.push_back({TieKind::kIsIn, book.SetName(set), ""});
  const auto add = [&](TieKind kind, std::uint32_t term) {
    ties.push_back({kind, book.SetName(book.Term(term).set), book.Term(term).topology});
  };
  for (const std::uint32_t term : slot.avoids) add(TieKind::kAvoids, term);
  for (const std::uint32_t term : slot.joins) add(TieKind::kJoins, term);
  for (const SpreadSlot& spread : slot.spreads) {
    ties.push_back({TieKind::kSpreads, book.SetName(spread.set), spread.topology, spread.max_skew,
                    spread.min_domains});
  }
  std::sort(ties.begin(), ties.end());
  return ties;
}

template <class T>
std::string NameIn(const Slots<T>& slots, std::uint32_t id) {
  return id == kNoSlot ? std::string() : slots.name(id);
}

Occupant OccupantOf(const WorldState& state, const std::string& key, const OccupantSlot& slot) {
  Occupant occupant;
  occupant.key = key;
  occupant.node = NameIn(state.nodes, slot.node);
  occupant.gang = NameIn(state.gangs, slot.gang);
  occupant.tenant = NameIn(state.tenants, slot.tenant);
  occupant.ns = NameIn(state.namespaces, slot.ns);
  for (const Vec* vec : {&slot.amounts, &slot.limit_amounts}) {
    for (const auto& [resource, amount] : *vec) {
      occupant.amounts.emplace_back(state.Name(resource), amount);
    }
  }
  std::sort(occupant.amounts.begin(), occupant.amounts.end());
  occupant.ports = slot.ports;
  occupant.ties = TiesOf(state.ties, slot.ties);
  return occupant;
}

// Whether SetReservations would keep it now.
bool Stands(const WorldState& state, const Reservation& kept) {
  const std::uint32_t id = state.gangs.Find(kept.gang);
  const bool due = kept.from.unix_ms == 0 && kept.until <= state.now;
  return !due && id != kNoSlot && state.gangs[id].gang;
}

std::string Cluster(const WorldState& state, const Writer& writer) {
  std::string text;
  for (const auto& [name, id] : state.nodes.index()) {
    if (state.nodes[id].node) text += writer.Line("node", *state.nodes[id].node);
  }
  for (const auto& [name, id] : state.tenants.index()) {
    if (state.tenants[id].tenant) text += writer.Line("tenant", *state.tenants[id].tenant);
  }
  for (const auto& [name, id] : state.namespaces.index()) {
    if (state.namespaces[id].quota) text += writer.Line("quota", *state.namespaces[id].quota);
  }
  for (const auto& [name, allowed] : state.budgets) {
    text += writer.Line("budget", Budget{name, allowed});
  }
  return text;
}

std::string Hex(std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; number /= 16) text[i] = kDigits[number % 16];
  return text;
}

}  // namespace

std::string WorldToText(const World& world) {
  const WorldState& state = world.state();
  const std::vector<std::uint32_t> shapes = ShapesInUse(state);
  ShapeNumbers numbers;
  for (std::size_t i = 0; i < shapes.size(); ++i) numbers[shapes[i]] = i;
  const Writer writer(numbers);
  std::string text = "now " + std::to_string(state.now.unix_ms) + "\n";
  for (const std::uint32_t id : shapes) text += writer.Line("shape", state.shapes[id].shape);
  text += Cluster(state, writer);
  for (const auto& [uid, id] : state.gangs.index()) {
    if (state.gangs[id].gang) text += writer.Line("gang", *state.gangs[id].gang);
  }
  for (const auto& [key, id] : state.occupants.index()) {
    const Occupant occupant = OccupantOf(state, std::string(key), state.occupants[id]);
    text += writer.Line("occupant", occupant);
  }
  for (const Reservation& kept : state.reservations) {
    if (Stands(state, kept)) text += writer.Line("reservation", kept);
  }
  return text;
}

std::uint64_t DigestOf(const Plan& plan, const World& world) {
  return base::StableHash(ToText(plan, world) + std::to_string(plan.wake_at.unix_ms));
}

std::string SnapshotText(const World& world, const Policy& policy, std::uint64_t digest) {
  return "muster-snapshot 1\n" + Writer({}).Line("policy", policy) + WorldToText(world) + "plan " +
         Hex(digest) + "\n";
}

}  // namespace muster::sched
