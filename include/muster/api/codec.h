// JSON of the API server to structs and back, one specialisation a type in src/api/<type>_json.cc.
//
// Decoding never fails as a whole: an object whose metadata can be read but whose content cannot
// comes back with `invalid` set to one sentence that names the field; the other objects of a list
// are not touched.  An object without metadata.name is dropped and counted (DecodeDrops).
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::api {

enum class WatchType { kAdded, kModified, kDeleted, kOther };

template <class T>
struct WatchEvent {
  WatchType type = WatchType::kOther;
  T object;
};

template <class T>
T Decode(std::string_view json);  // a name of "" means: no object at all
// REQUIRES: IsWhole(json), as what a torn list does not name would pass for deleted.
template <class T>
std::vector<T> DecodeList(std::string_view json);
template <class T>
WatchEvent<T> DecodeWatchEvent(std::string_view json);

// True if the text is one value from its first to its last bracket: a body that was cut on its way
// is not.  Says nothing about what is inside.
bool IsWhole(std::string_view json);

// Objects of each kind dropped since the process started, for the metric; every kind is there.
struct KindDrops {
  std::string_view kind;
  std::int64_t count = 0;
};
std::vector<KindDrops> DecodeDrops();

}  // namespace muster::api
