// Reads the fields of a map one by one: types, ranges, and in the end whether all were known.
// Messages name the field as "jobs[3].run".  Private to sim.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "muster/sched/types.h"
#include "sim/document.h"

namespace muster::sim {

// The first thing that is wrong with a file.
class Complaints {
 public:
  explicit Complaints(std::string file) : file_(std::move(file)) {}
  void Add(const Value& at, const std::string& field, const std::string& what);
  const std::optional<base::Error>& error() const { return error_; }

 private:
  std::string file_;
  std::optional<base::Error> error_;
};

struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

class Fields {
 public:
  // `map`: what ought to be a map; outlives this.  `path` names it; empty: the file.
  Fields(const Value& map, std::string path, Complaints& complaints);

  // What stands there; null: nothing.
  const Value* Find(std::string_view name);
  bool Has(std::string_view name) { return Find(name) != nullptr; }
  std::string PathOf(std::string_view name) const;

  // Each gives what it was called with where there is nothing, and after a complaint.
  std::string TextOr(std::string_view name, const std::string& otherwise);
  std::string Required(std::string_view name);  // a text, not empty
  std::int64_t IntOr(std::string_view name, std::int64_t otherwise, Range range);
  bool BoolOr(std::string_view name, bool otherwise);
  // Whole seconds, or "2h", "1h30m", "500ms"; in ms.
  std::int64_t TimeOr(std::string_view name, std::int64_t otherwise);
  // Thousandths of a decimal number.
  std::int64_t MilliOr(std::string_view name, std::int64_t otherwise);
  // name -> text, as written.
  std::vector<std::pair<std::string, std::string>> Texts(std::string_view name);
  // The items of a list, or nothing.
  const std::vector<Value>& List(std::string_view name);
  // A map of resource names to quantities; "gpu" is `device_resource`.  Zeroes stay.
  sched::Amounts AmountsOf(std::string_view name, const std::string& device_resource);
  // One quantity, of the resource of that name.
  void AddAmount(std::string_view name, const std::string& resource, sched::Amounts& amounts);

  void Complain(std::string_view name, const std::string& what);
  // What was not asked for above is a mistake.
  void End();

 private:
  const Value* TextAt(std::string_view name);

  const Value& map_;
  std::string path_;
  Complaints& complaints_;
  std::set<std::string, std::less<>> known_;
};

// "90", "1h30m", "500ms" in ms; at most a hundred years.
std::optional<std::int64_t> ParseSpan(std::string_view text);

}  // namespace muster::sim
