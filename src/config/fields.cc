#include "config/fields.h"

#include <array>
#include <set>

#include "muster/base/text.h"

namespace muster::config {
namespace {

using Shape = RawValue::Shape;

constexpr std::int64_t kMaxDurationMs = 366LL * 86'400'000;

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
// Longest first, so that writing takes the largest; "ms" before "m" and "s" for reading.
constexpr std::array<Unit, 4> kUnits{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string Range(std::int64_t min, std::int64_t max) {
  return std::to_string(min) + " to " + std::to_string(max);
}

Complaint Wrong(const RawValue& value, const Field& field) {
  return {Quoted(value.text) + " is not " + DescribeForm(field), value.mark};
}

std::optional<ListenAddress> ParseAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = base::ParseInt(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65'535) return std::nullopt;
  if (host.empty()) host = "0.0.0.0";
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const char* allowed = bracketed
                            ? "0123456789abcdefABCDEF:."
                            : "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-";
  if (host.empty() || host.find_first_not_of(allowed) != std::string_view::npos) {
    return std::nullopt;
  }
  return ListenAddress{std::string(host), static_cast<std::int32_t>(*port)};
}

// What a scalar, list or map field says to a value of another shape.
std::optional<Complaint> ShapeComplaint(const RawValue& value, Shape wanted) {
  if (value.shape == wanted) return std::nullopt;
  if (wanted == Shape::kScalar) {
    return Complaint{"must be a single value, not a list or a map", value.mark};
  }
  return Complaint{wanted == Shape::kList ? "must be a list, such as [taints, resources]"
                                          : "must be a map, such as {best_fit: 30}",
                   value.mark};
}

// One overload a form; the value has the right shape.
struct Setter {
  Settings& settings;
  const RawValue& value;
  const Field& whole;

  std::optional<Complaint> operator()(const TextField& f) const {
    if (!f.valid(value.text)) return Wrong(value, whole);
    f.at(settings) = value.text;
    return std::nullopt;
  }
  std::optional<Complaint> operator()(const AddressField& f) const {
    const auto address = ParseAddress(value.text);
    if (!address) return Wrong(value, whole);
    f.at(settings) = *address;
    return std::nullopt;
  }
  std::optional<Complaint> operator()(const DurationField& f) const {
    const auto ms = ParseDuration(value.text);
    if (!ms && base::ParseInt(value.text)) {
      return Complaint{
          Quoted(value.text) + " has no unit: write " + value.text + "s or " + value.text + "ms",
          value.mark};
    }
    if (!ms || *ms < f.min_ms || *ms > f.max_ms) return Wrong(value, whole);
    f.at(settings) = *ms;
    return std::nullopt;
  }
  std::optional<Complaint> operator()(const IntegerField& f) const {
    const auto number = base::ParseInt(value.text);
    if (!number || *number < f.min || *number > f.max) return Wrong(value, whole);
    f.set(settings, *number);
    return std::nullopt;
  }
  std::optional<Complaint> operator()(const BooleanField& f) const {
    if (value.text != "true" && value.text != "false") return Wrong(value, whole);
    f.at(settings) = value.text == "true";
    return std::nullopt;
  }
  std::optional<Complaint> operator()(const ChoiceField& f) const {
    for (std::size_t i = 0; i < f.words.size(); ++i) {
      if (f.words[i] != value.text) continue;
      f.set(settings, static_cast<int>(i));
      return std::nullopt;
    }
    return Wrong(value, whole);
  }
  std::optional<Complaint> operator()(const NamesField& f) const {
    std::vector<std::string> names;
    std::set<std::string> seen;
    for (const RawItem& item : value.items) {
      if (item.text.empty()) return Complaint{"has an empty name in it", item.mark};
      if (!seen.insert(item.text).second) {
        return Complaint{"names " + Quoted(item.text) + " twice", item.mark};
      }
      names.push_back(item.text);
    }
    f.at(settings) = std::move(names);
    return std::nullopt;
  }
  std::optional<Complaint> operator()(const WeightsField& f) const {
    std::vector<sched::ScoreWeight> weights;
    std::set<std::string> seen;
    for (const RawItem& item : value.items) {
      if (item.key.empty()) return Complaint{"has a weight without a name in it", item.mark};
      if (!seen.insert(item.key).second) {
        return Complaint{"names " + Quoted(item.key) + " twice", item.mark};
      }
      const auto weight = base::ParseInt(item.text);
      if (!weight || *weight < 0 || *weight > kMaxWeight) {
        return Complaint{"the weight of " + item.key + " is " + Quoted(item.text) +
                             " and must be an integer, " + Range(0, kMaxWeight),
                         item.mark};
      }
      weights.push_back({item.key, static_cast<std::int32_t>(*weight)});
    }
    f.at(settings) = std::move(weights);
    return std::nullopt;
  }
};

struct Shower {
  Settings& settings;

  std::string operator()(const TextField& f) const { return f.at(settings); }
  std::string operator()(const AddressField& f) const {
    const ListenAddress& a = f.at(settings);
    const bool v6 = a.host.find(':') != std::string::npos;
    return (v6 ? "[" + a.host + "]" : a.host) + ":" + std::to_string(a.port);
  }
  std::string operator()(const DurationField& f) const { return ShowDuration(f.at(settings)); }
  std::string operator()(const IntegerField& f) const { return std::to_string(f.get(settings)); }
  std::string operator()(const BooleanField& f) const { return f.at(settings) ? "true" : "false"; }
  std::string operator()(const ChoiceField& f) const {
    return std::string(f.words[static_cast<std::size_t>(f.get(settings))]);
  }
  std::string operator()(const NamesField& f) const { return base::Join(f.at(settings), ","); }
  std::string operator()(const WeightsField& f) const {
    std::vector<std::string> parts;
    for (const auto& w : f.at(settings)) {
      parts.push_back(w.plugin + "=" + std::to_string(w.weight));
    }
    return base::Join(parts, ",");
  }
};

struct Describer {
  std::string operator()(const TextField& f) const { return std::string(f.form); }
  std::string operator()(const AddressField&) const {
    return "an address, host:port, with a port from 0 to 65535";
  }
  std::string operator()(const DurationField& f) const {
    return "a duration, " + ShowDuration(f.min_ms) + " to " + ShowDuration(f.max_ms);
  }
  std::string operator()(const IntegerField& f) const {
    return "an integer, " + Range(f.min, f.max);
  }
  std::string operator()(const BooleanField&) const { return "true or false"; }
  std::string operator()(const ChoiceField& f) const {
    std::string out = "one of";
    for (std::size_t i = 0; i < f.words.size(); ++i) {
      out += (i == 0 ? " " : ", ") + std::string(f.words[i]);
    }
    return out;
  }
  std::string operator()(const NamesField&) const { return "a list of plugin names"; }
  std::string operator()(const WeightsField&) const {
    return "a map from plugin name to weight, " + Range(0, kMaxWeight);
  }
};

}  // namespace

std::optional<Complaint> SetField(const Field& field, Settings& settings, const RawValue& value) {
  Shape wanted = Shape::kScalar;
  if (std::holds_alternative<NamesField>(field)) wanted = Shape::kList;
  if (std::holds_alternative<WeightsField>(field)) wanted = Shape::kMap;
  if (auto complaint = ShapeComplaint(value, wanted)) return complaint;
  return std::visit(Setter{settings, value, field}, field);
}

std::string ShowField(const Field& field, const Settings& settings) {
  Settings copy = settings;  // `at` gives a mutable place
  return std::visit(Shower{copy}, field);
}

std::string DescribeForm(const Field& field) { return std::visit(Describer{}, field); }

RawValue FromText(const Field& field, std::string_view text) {
  RawValue value;
  value.text = text;
  const bool map = std::holds_alternative<WeightsField>(field);
  if (!map && !std::holds_alternative<NamesField>(field)) return value;
  value.shape = map ? Shape::kMap : Shape::kList;
  if (Trim(text).empty()) return value;
  for (const std::string_view part : base::Split(text, ',')) {
    const std::size_t equals = map ? part.find('=') : std::string_view::npos;
    RawItem item;
    if (equals != std::string_view::npos) {
      item.key = Trim(part.substr(0, equals));
      item.text = Trim(part.substr(equals + 1));
    } else {
      (map ? item.key : item.text) = Trim(part);
    }
    value.items.push_back(std::move(item));
  }
  return value;
}

std::optional<std::int64_t> ParseDuration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    const std::size_t digits = text.find_first_not_of("0123456789");
    if (digits == 0 || digits > 15) return std::nullopt;
    const auto number = base::ParseInt(text.substr(0, digits));
    text.remove_prefix(digits);
    const std::string_view name = text.substr(0, text.find_first_of("0123456789"));
    text.remove_prefix(name.size());
    std::int64_t unit = 0;
    for (const Unit& u : kUnits) unit = u.name == name ? u.ms : unit;
    if (unit == 0 || *number > kMaxDurationMs / unit) return std::nullopt;
    total += *number * unit;
    if (total > kMaxDurationMs) return std::nullopt;
  }
  return total;
}

std::string ShowDuration(std::int64_t ms) {
  for (const Unit& u : kUnits) {
    if (ms != 0 && ms % u.ms == 0) return std::to_string(ms / u.ms) + std::string(u.name);
  }
  return "0s";
}

}  // namespace muster::config
