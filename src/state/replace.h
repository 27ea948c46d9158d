// The one way to take in a whole LIST: what is known and not listed goes, the rest is upserted.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "muster/api/meta.h"

namespace muster::state {

// `known` maps keys to objects, or to entries in which `object_of` finds them.  Only those that go
// are copied.
template <class T, class State, class Known, class ObjectOf = std::identity>
void ReplaceAll(State& state, const Known& known, std::vector<T> all, ObjectOf object_of = {}) {
  const auto name = [](const T& object) { return object.meta.uid + "/" + api::KeyOf(object.meta); };
  std::set<std::string> listed;
  for (const T& object : all) listed.insert(name(object));
  std::vector<T> gone;
  for (const auto& [key, entry] : known) {
    const T& object = std::invoke(object_of, entry);
    if (!listed.contains(name(object))) gone.push_back(object);
  }
  for (const T& object : gone) state.Remove(object);
  for (T& object : all) state.Upsert(std::move(object));
}

}  // namespace muster::state
