#include "scan_json.h"

#include <nlohmann/json.hpp>

#include "muster/base/json_scan.h"
#include "muster/base/text.h"

namespace muster::kube {
namespace {

// Enters an object and stops in front of the value of `key`.
bool Enter(base::JsonScanner& scan, std::string_view key) {
  if (!scan.Take('{')) return false;
  do {
    const auto found = scan.Key();
    if (!found) return false;
    if (*found == key) return true;
    if (!scan.Value()) return false;
  } while (scan.Take(','));
  return false;
}

}  // namespace

std::optional<std::string> FindJson(std::string_view json,
                                    std::initializer_list<std::string_view> path) {
  base::JsonScanner scan(json);
  for (const std::string_view key : path) {
    if (!Enter(scan, key)) return std::nullopt;
  }
  const auto raw = scan.Value();
  if (!raw || *raw == "null") return std::nullopt;
  if (raw->front() != '"') return std::string(*raw);
  if (raw->find('\\') == std::string_view::npos)
    return std::string(raw->substr(1, raw->size() - 2));
  const auto parsed = nlohmann::json::parse(*raw, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_string()) return std::nullopt;
  return parsed.get<std::string>();
}

std::int64_t FindJsonInt(std::string_view json, std::initializer_list<std::string_view> path) {
  const auto text = FindJson(json, path);
  return text ? base::ParseInt(*text).value_or(0) : 0;
}

}  // namespace muster::kube
