#include "api/json_fields_json.h"

#include <cmath>

#include "muster/base/quantity.h"
#include "muster/base/time_text.h"

namespace muster::api {
namespace {

thread_local FieldTrace* trace = nullptr;

// Text of a quantity, which may be written as a number.
std::string QuantityText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string StripIndexes(const std::string& path) {
  std::string out;
  bool inside = false;
  for (const char c : path) {
    if (c == ']') inside = false;
    if (!inside) out += c;
    if (c == '[') inside = true;
  }
  return out;
}

}  // namespace

FieldTrace::FieldTrace() { trace = this; }
FieldTrace::~FieldTrace() { trace = nullptr; }

bool InMilli(std::string_view resource) {
  return resource == "cpu" || resource == "requests.cpu" || resource == "limits.cpu";
}

Fields::Fields(const Json* value, std::string_view name, const Fields& parent, int index)
    : value_(value), name_(name), parent_(&parent), index_(index), problem_(parent.problem_) {}

std::string Fields::Path() const {
  std::string path = parent_ == nullptr ? "" : parent_->Path();
  if (!path.empty() && !name_.empty()) path += '.';
  path += name_;
  if (index_ >= 0) path += '[' + std::to_string(index_) + ']';
  return path;
}

void Fields::Complain(const char* key, std::string_view what) const {
  if (!problem_->text.empty()) return;
  std::string path = Path();
  if (!path.empty()) path += '.';
  problem_->text = path + key + ' ' + std::string(what);
}

const Json* Fields::Find(const char* key) const {
  if (value_ == nullptr || !value_->is_object()) return nullptr;
  if (trace != nullptr) {
    const std::string path = Path();
    trace->paths_.insert(StripIndexes(path.empty() ? key : path + '.' + key));
  }
  const auto it = value_->find(key);
  return it == value_->end() || it->is_null() ? nullptr : &*it;
}

bool Fields::Has(const char* key) const { return Find(key) != nullptr; }
const Json* Fields::Raw(const char* key) const { return Find(key); }

Fields Fields::At(const char* key) const& {
  const Json* child = Find(key);
  if (child != nullptr && !child->is_object()) {
    Complain(key, "must be an object");
    child = nullptr;
  }
  return {child, key, *this, -1};
}

std::string Fields::Text(const char* key, std::string_view fallback) const {
  const Json* child = Find(key);
  if (child == nullptr) return std::string(fallback);
  if (child->is_string()) return child->get<std::string>();
  Complain(key, "must be a string");
  return std::string(fallback);
}

std::optional<bool> Fields::MaybeFlag(const char* key) const {
  const Json* child = Find(key);
  if (child == nullptr) return std::nullopt;
  if (child->is_boolean()) return child->get<bool>();
  Complain(key, "must be true or false");
  return std::nullopt;
}

bool Fields::Flag(const char* key, bool fallback) const {
  return MaybeFlag(key).value_or(fallback);
}

std::int64_t Fields::Int(const char* key, std::int64_t fallback, Range range) const {
  const Json* child = Find(key);
  if (child == nullptr) return fallback;
  if (!child->is_number_integer()) {
    Complain(key, "must be a whole number");
    return fallback;
  }
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool wide = child->is_number_unsigned() && child->get<std::uint64_t>() > kMax;
  const std::int64_t number = wide ? 0 : child->get<std::int64_t>();
  if (!wide && number >= range.min && number <= range.max) return number;
  Complain(key, "must be between " + std::to_string(range.min) + " and " +
                    std::to_string(range.max));
  return fallback;
}

std::int32_t Fields::Int32(const char* key, std::int32_t fallback, std::int64_t min) const {
  const Range range{min, std::numeric_limits<std::int32_t>::max()};
  return static_cast<std::int32_t>(Int(key, fallback, range));
}

base::TimePoint Fields::Time(const char* key) const {
  const Json* child = Find(key);
  if (child == nullptr) return {};
  const auto time = child->is_string() ? base::ParseTime(child->get_ref<const std::string&>())
                                       : base::ParseTime("");
  if (time.ok()) return *time;
  Complain(key, "must be a time such as 2024-01-01T12:00:00Z");
  return {};
}

std::vector<std::string> Fields::Texts(const char* key) const {
  std::vector<std::string> out;
  const Json* child = Find(key);
  if (child == nullptr) return out;
  if (!child->is_array()) {
    Complain(key, "must be a list of strings");
    return out;
  }
  out.reserve(child->size());
  for (const Json& item : *child) {
    if (item.is_string()) {
      out.push_back(item.get<std::string>());
    } else {
      Complain(key, "must be a list of strings");
    }
  }
  return out;
}

std::map<std::string, std::string> Fields::TextMap(const char* key) const {
  std::map<std::string, std::string> out;
  const Fields map = At(key);
  if (!map.present()) return out;
  for (const auto& [name, value] : map.value_->items()) {
    if (value.is_null()) continue;  // left out when the text was scanned (codec_json.cc)
    if (value.is_string()) {
      out.emplace_hint(out.end(), name, value.get<std::string>());
    } else if (!value.is_null()) {  // null stands for what the scan left out
      map.Complain(name.c_str(), "must be a string");
    }
  }
  return out;
}

std::int64_t Fields::Quantity(const char* key, Unit unit, std::int64_t fallback) const {
  const Json* child = Find(key);
  if (child == nullptr) return fallback;
  if (!child->is_string() && !child->is_number()) {
    Complain(key, "must be a quantity such as 500m, 2 or 4Gi");
    return fallback;
  }
  const std::string text = QuantityText(*child);
  const auto amount = unit == Unit::kMilli ? base::ParseMilli(text) : base::ParseUnits(text);
  if (amount.ok()) return *amount;
  Complain(key, amount.error().message);
  return fallback;
}

ResourceList Fields::Resources(const char* key) const {
  ResourceList out;
  const Fields map = At(key);
  if (!map.present()) return out;
  for (const auto& [name, value] : map.value_->items()) {
    const Unit unit = InMilli(name) ? Unit::kMilli : Unit::kWhole;
    const std::int64_t amount = map.Quantity(name.c_str(), unit, -1);
    if (amount >= 0) out.emplace_hint(out.end(), name, amount);
  }
  return out;
}

void Fields::Each(const char* key, const std::function<void(const Fields&)>& item) const {
  const Json* child = Find(key);
  if (child == nullptr) return;
  if (!child->is_array()) {
    Complain(key, "must be a list");
    return;
  }
  int index = 0;
  for (const Json& element : *child) {
    const Fields fields(&element, key, *this, index++);
    if (element.is_object()) {
      item(fields);
    } else {
      Complain(key, "must be a list of objects");
    }
  }
}

}  // namespace muster::api
