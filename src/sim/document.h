// A YAML file as a plain tree in which everything knows where it stands.  Private to sim.
#pragma once

#include <string>
#include <vector>

#include "muster/base/result.h"
#include "muster/sim/read.h"

namespace muster::sim {

struct Entry;

struct Value {
  enum class Kind { kNothing, kText, kList, kMap };
  Kind kind = Kind::kNothing;
  int line = 0, column = 0;    // from 1
  std::string text;            // with kText
  std::vector<Value> items;    // with kList
  std::vector<Entry> entries;  // with kMap, as written
};

struct Entry {
  Value key;  // a text
  Value value;
};

// One document.  kInvalid: "file:line:column: …"; no YAML, several documents, or a name given
// twice.
base::Result<Value> ParseYaml(const Text& file);

}  // namespace muster::sim
