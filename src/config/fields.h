// The forms a setting can have: how its text is read, checked and written.  Private to config.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "muster/config/settings.h"

namespace muster::config {

// 1-based; 0: not known.
struct Mark {
  int line = 0;
  int column = 0;
};

struct RawItem {
  std::string key;  // of a map; empty in a list
  std::string text;
  Mark mark;
};

// A value as written: a scalar, or the items of a list or map.
struct RawValue {
  enum class Shape { kScalar, kList, kMap };
  Shape shape = Shape::kScalar;
  std::string text;
  std::vector<RawItem> items;
  Mark mark;
};

struct Complaint {
  std::string text;  // what is wrong and what would be right, without source and field
  Mark mark;
};

// `at` finds the place in Settings.
struct TextField {
  std::string& (*at)(Settings&);
  bool (*valid)(std::string_view);
  std::string_view form;  // "a path": what valid() wants, for messages and documentation
};
struct AddressField {
  ListenAddress& (*at)(Settings&);
};
struct DurationField {
  std::int64_t& (*at)(Settings&);
  std::int64_t min_ms;
  std::int64_t max_ms;
};
struct IntegerField {
  std::int64_t (*get)(const Settings&);
  void (*set)(Settings&, std::int64_t);
  std::int64_t min;
  std::int64_t max;
};
struct BooleanField {
  bool& (*at)(Settings&);
};
struct ChoiceField {
  std::vector<std::string_view> words;
  int (*get)(const Settings&);
  void (*set)(Settings&, int);
};
struct NamesField {
  std::vector<std::string>& (*at)(Settings&);
};
struct WeightsField {
  std::vector<sched::ScoreWeight>& (*at)(Settings&);
};
using Field = std::variant<TextField, AddressField, DurationField, IntegerField, BooleanField,
                           ChoiceField, NamesField, WeightsField>;

inline constexpr std::int32_t kMaxWeight = 1'000;

// Puts `value` into its place, or says why not and changes nothing.
std::optional<Complaint> SetField(const Field& field, Settings& settings, const RawValue& value);

// The value as one text that SetField reads back ("15s", "a,b", "best_fit=30").
std::string ShowField(const Field& field, const Settings& settings);

// What may be written: "duration, 1s to 1h".
std::string DescribeForm(const Field& field);

// Splits the text of a flag or variable into a list or map where the field wants one.
RawValue FromText(const Field& field, std::string_view text);

// "1h30m", "15s", "500ms": whole numbers, each with its unit.
std::optional<std::int64_t> ParseDuration(std::string_view text);
// In the largest unit that stays whole.
std::string ShowDuration(std::int64_t ms);

}  // namespace muster::config
