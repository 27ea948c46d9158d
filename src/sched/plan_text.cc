#include <algorithm>

#include "muster/base/time_text.h"
#include "muster/sched/plan.h"
#include "muster/sched/world.h"
#include "sched/words.h"

namespace muster::sched {
namespace {

std::string PlacesText(const Start& start, const World& world) {
  const Gang& gang = world.gang(start.gang);
  std::string text;
  for (const Place& place : start.places) {
    if (!text.empty()) text += ", ";
    text += world.NodeName(place.node) + " " +
            gang.tasks[static_cast<std::size_t>(place.task)].name + " x" +
            std::to_string(place.count);
  }
  return text;
}

std::string ReservationText(const Reservation& reservation, const World& world) {
  const Gang* gang = world.FindGang(reservation.gang);
  std::string text = "reserve " + (gang != nullptr ? gang->name : reservation.gang) + ":";
  for (const auto& [node, amounts] : reservation.nodes) {
    text += " " + node + " [";
    for (const auto& [name, amount] : amounts) text += " " + AmountText(name, amount) + " " + name;
    text += " ]";
  }
  if (reservation.from.unix_ms != 0) {
    return text + " from " + base::FormatTime(reservation.from) + "\n";
  }
  return text + " until " + base::FormatTime(reservation.until) + "\n";
}

}  // namespace

std::string_view ToString(Rule rule) {
  switch (rule) {
    case Rule::kReclaim:
      return "Reclaim";
    case Rule::kLeastAttained:
      return "LeastAttained";
    case Rule::kPriority:
      break;
  }
  return "Priority";
}

std::string ToText(const Plan& plan, const World& world) {
  std::string text;
  for (const Start& start : plan.starts) {
    text += "start " + world.gang(start.gang).name + (start.borrowing ? " B: " : ": ") +
            PlacesText(start, world) + "\n";
  }
  for (const Eviction& eviction : plan.evictions) {
    text += "evict " + world.gang(eviction.victim).name + " for " +
            world.gang(eviction.beneficiary).name + ": " + std::string(ToString(eviction.rule)) +
            "\n";
  }
  for (const Reservation& reservation : plan.reservations) {
    text += ReservationText(reservation, world);
  }
  for (const Hold& hold : plan.holds) {
    text += "hold " + world.gang(hold.gang).name + ": " + std::string(ToString(hold.reason)) +
            ": " + plan.texts[hold.text] + "\n";
  }
  return text;
}

}  // namespace muster::sched
