// The one way to take in a whole LIST: what is known and not listed goes, the rest is upserted.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "muster/api/meta.h"

namespace muster::state {

template <class T>
std::vector<T> Values(const std::map<std::string, T>& objects) {
  std::vector<T> all;
  all.reserve(objects.size());
  for (const auto& [key, object] : objects) all.push_back(object);
  return all;
}

template <class State, class T>
void ReplaceAll(State& state, const std::vector<T>& known, std::vector<T> all) {
  std::set<std::string> listed;
  for (const T& object : all) listed.insert(object.meta.uid + "/" + api::KeyOf(object.meta));
  for (const T& object : known) {
    if (!listed.contains(object.meta.uid + "/" + api::KeyOf(object.meta))) state.Remove(object);
  }
  for (T& object : all) state.Upsert(std::move(object));
}

}  // namespace muster::state
