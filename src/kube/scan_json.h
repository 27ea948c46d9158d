// Reads a few scalar fields of a JSON text without building a tree: a watch hands us thousands of
// objects a second of which the reflector needs two short strings, and the codec reads the rest.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace muster::kube {

// The value at `path` (keys of nested objects) as text: a string without quotes and escapes, a
// number, true, false; an object or array as its raw text.  Nothing if it is absent, null, or the
// text is broken before it is found.
std::optional<std::string> FindJson(std::string_view json,
                                    std::initializer_list<std::string_view> path);

// The same as a whole number, 0 if absent or no number.
std::int64_t FindJsonInt(std::string_view json, std::initializer_list<std::string_view> path);

}  // namespace muster::kube
