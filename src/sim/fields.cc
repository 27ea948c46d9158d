#include "sim/fields.h"

#include <algorithm>

#include "muster/base/quantity.h"
#include "muster/base/text.h"

namespace muster::sim {
namespace {

constexpr std::int64_t kLongest = 100LL * 365 * 86'400 * 1'000;  // ms
constexpr std::int64_t kMebibyte = 1 << 20;

std::int64_t UnitMs(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1'000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  return unit == "d" ? 86'400'000 : 0;
}

// In the core's unit; requests and offers alike are rounded up.
base::Result<std::int64_t> ParseAmount(const std::string& resource, const std::string& text) {
  if (resource == "cpu") return base::ParseMilli(text);
  auto units = base::ParseUnits(text);
  if (units.ok() && (resource == "memory" || resource == "ephemeral-storage")) {
    return (*units + kMebibyte - 1) / kMebibyte;
  }
  return units;
}

}  // namespace

std::optional<std::int64_t> ParseSpan(std::string_view text) {
  if (const auto seconds = base::ParseInt(text)) {
    if (*seconds < 0 || *seconds > kLongest / 1'000) return std::nullopt;
    return *seconds * 1'000;
  }
  std::int64_t sum = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = base::ParseInt(text.substr(0, digits));
    text.remove_prefix(digits);
    const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
    const std::int64_t unit = UnitMs(text.substr(0, letters));
    text.remove_prefix(letters);
    if (!number || unit == 0 || *number > kLongest / unit) return std::nullopt;
    sum += *number * unit;
    if (sum > kLongest) return std::nullopt;
  }
  return sum;
}

void Complaints::Add(const Value& at, const std::string& field, const std::string& what) {
  if (error_) return;
  error_ = {base::Code::kInvalid, file_ + ":" + std::to_string(at.line) + ":" +
                                      std::to_string(at.column) + ": " +
                                      (field.empty() ? what : field + " " + what)};
}

Fields::Fields(const Value& map, std::string path, Complaints& complaints)
    : map_(map), path_(std::move(path)), complaints_(complaints) {
  if (map.kind != Value::Kind::kMap) complaints.Add(map, path_, "must be a map of fields");
}

std::string Fields::PathOf(std::string_view name) const {
  return (path_.empty() ? "" : path_ + ".") + std::string(name);
}

const Value* Fields::Find(std::string_view name) {
  known_.emplace(name);
  const auto it = std::find_if(map_.entries.begin(), map_.entries.end(),
                               [&](const Entry& entry) { return entry.key.text == name; });
  if (it == map_.entries.end() || it->value.kind == Value::Kind::kNothing) return nullptr;
  return &it->value;
}

const Value* Fields::TextAt(std::string_view name) {
  const Value* value = Find(name);
  if (value == nullptr || value->kind == Value::Kind::kText) return value;
  complaints_.Add(*value, PathOf(name), "must be one plain value");
  return nullptr;
}

void Fields::Complain(std::string_view name, const std::string& what) {
  const Value* value = Find(name);
  complaints_.Add(value == nullptr ? map_ : *value, PathOf(name), what);
}

std::string Fields::TextOr(std::string_view name, const std::string& otherwise) {
  const Value* value = TextAt(name);
  return value == nullptr ? otherwise : value->text;
}

std::string Fields::Required(std::string_view name) {
  std::string text = TextOr(name, "");
  if (text.empty()) Complain(name, "is missing");
  return text;
}

std::int64_t Fields::IntOr(std::string_view name, std::int64_t otherwise, Range range) {
  const Value* value = TextAt(name);
  if (value == nullptr) return otherwise;
  const auto number = base::ParseInt(value->text);
  if (!number) {
    Complain(name, "is not a whole number: \"" + value->text + "\"");
  } else if (*number < range.least || *number > range.most) {
    Complain(name, "is " + value->text + ", not from " + std::to_string(range.least) + " to " +
                       std::to_string(range.most));
  } else {
    return *number;
  }
  return otherwise;
}

bool Fields::BoolOr(std::string_view name, bool otherwise) {
  const Value* value = TextAt(name);
  if (value == nullptr) return otherwise;
  if (value->text != "true" && value->text != "false") {
    Complain(name, "is neither true nor false: \"" + value->text + "\"");
    return otherwise;
  }
  return value->text == "true";
}

std::int64_t Fields::TimeOr(std::string_view name, std::int64_t otherwise) {
  const Value* value = TextAt(name);
  if (value == nullptr) return otherwise;
  if (const auto span = ParseSpan(value->text)) return *span;
  Complain(name, "is neither whole seconds nor a time such as 1h30m: \"" + value->text + "\"");
  return otherwise;
}

std::int64_t Fields::MilliOr(std::string_view name, std::int64_t otherwise) {
  const Value* value = TextAt(name);
  if (value == nullptr) return otherwise;
  const auto milli = base::ParseMilli(value->text);
  if (milli.ok() && *milli <= 1'000'000'000) return *milli;
  Complain(name, "is not a number from 0 to 1000000: \"" + value->text + "\"");
  return otherwise;
}

std::vector<std::pair<std::string, std::string>> Fields::Texts(std::string_view name) {
  std::vector<std::pair<std::string, std::string>> texts;
  const Value* value = Find(name);
  if (value == nullptr) return texts;
  if (value->kind != Value::Kind::kMap) Complain(name, "must be a map");
  for (const auto& [key, item] : value->entries) {
    if (item.kind != Value::Kind::kText) {
      complaints_.Add(item, PathOf(name) + "." + key.text, "must be one plain value");
    }
    texts.emplace_back(key.text, item.text);
  }
  return texts;
}

const std::vector<Value>& Fields::List(std::string_view name) {
  static const std::vector<Value> none;
  const Value* value = Find(name);
  if (value == nullptr) return none;
  if (value->kind != Value::Kind::kList) Complain(name, "must be a list");
  return value->items;
}

sched::Amounts Fields::AmountsOf(std::string_view name, const std::string& device_resource) {
  sched::Amounts amounts;
  const Value* value = Find(name);
  if (value == nullptr) return amounts;
  Fields inner(*value, PathOf(name), complaints_);
  for (const auto& entry : value->entries) {
    const std::string& key = entry.key.text;
    inner.AddAmount(key, key == "gpu" ? device_resource : key, amounts);
  }
  return amounts;
}

void Fields::AddAmount(std::string_view name, const std::string& resource,
                       sched::Amounts& amounts) {
  const Value* value = TextAt(name);
  if (value == nullptr) return;
  const auto amount = ParseAmount(resource, value->text);
  if (!amount.ok() || *amount >= std::int64_t{1} << 50) {
    Complain(name, "is no quantity such as 8, 500m or 64Gi: \"" + value->text + "\"");
    return;
  }
  const auto at = std::lower_bound(amounts.begin(), amounts.end(), resource,
                                   [](const auto& a, const auto& b) { return a.first < b; });
  if (at != amounts.end() && at->first == resource) {
    Complain(name, "gives " + resource + " a second time");
    return;
  }
  amounts.insert(at, {resource, *amount});
}

void Fields::End() {
  for (const Entry& entry : map_.entries) {
    if (known_.contains(entry.key.text)) continue;
    std::string all;
    for (const std::string& name : known_) all += (all.empty() ? "" : ", ") + name;
    complaints_.Add(entry.key, PathOf(entry.key.text), "is not known here; known are " + all);
  }
}

}  // namespace muster::sim
