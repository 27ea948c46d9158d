// Reads members of a parsed object by name.  A member of the wrong type or out of range leaves the
// fallback and puts one sentence with the member's path into the Problem; absent and null are the
// same.  Reading goes on after a problem: the first one is kept.
//
// Threads: one object, one thread.  A Fields refers to its parent, which must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "muster/api/meta.h"

namespace muster::api {

using Json = nlohmann::json;

// The first thing that was wrong; empty: nothing.
struct Problem {
  std::string text;
};

struct Range {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

class Fields {
 public:
  Fields(const Json* value, std::string_view name, Problem& problem)
      : value_(value), name_(name), problem_(&problem) {}

  bool present() const { return value_ != nullptr; }
  const Json* json() const { return value_; }

  bool Has(const char* key) const;
  // An object; absent when missing, null or of another type (then with a problem).
  Fields At(const char* key) const&;
  Fields At(const char* key) const&& = delete;

  std::string Text(const char* key, std::string_view fallback = {}) const;
  bool Flag(const char* key, bool fallback = false) const;
  std::optional<bool> MaybeFlag(const char* key) const;
  std::int64_t Int(const char* key, std::int64_t fallback, Range range = {}) const;
  std::int32_t Int32(const char* key, std::int32_t fallback, std::int64_t min = 0) const;
  base::TimePoint Time(const char* key) const;
  std::vector<std::string> Texts(const char* key) const;
  std::map<std::string, std::string> TextMap(const char* key) const;
  ResourceList Resources(const char* key) const;
  // One quantity, as text or number, in thousandths or whole units.
  enum class Unit { kMilli, kWhole };
  std::int64_t Quantity(const char* key, Unit unit, std::int64_t fallback) const;
  // Any value as it is; null when absent.
  const Json* Raw(const char* key) const;

  // Each object of an array; other items are problems.
  void Each(const char* key, const std::function<void(const Fields&)>& item) const;

  std::string Path() const;
  void Complain(const char* key, std::string_view what) const;

 private:
  Fields(const Json* value, std::string_view name, const Fields& parent, int index);
  const Json* Find(const char* key) const;

  const Json* value_;
  std::string_view name_;
  const Fields* parent_ = nullptr;
  int index_ = -1;
  Problem* problem_;
};

// Milli for cpu, units for everything else; the unit follows the resource's name.
bool InMilli(std::string_view resource);

// The schema test's hook: while it lives, every path read on this thread is collected, with [] for
// an index.  Not nested.
class FieldTrace {
 public:
  FieldTrace();
  ~FieldTrace();
  FieldTrace(const FieldTrace&) = delete;
  FieldTrace& operator=(const FieldTrace&) = delete;
  const std::set<std::string>& paths() const { return paths_; }

 private:
  friend class Fields;
  std::set<std::string> paths_;
};

}  // namespace muster::api
