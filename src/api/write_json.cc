#include "api/write_json.h"

#include "muster/base/quantity.h"
#include "muster/base/text.h"
#include "muster/base/time_text.h"

namespace muster::api {
namespace {

bool InBytes(std::string_view resource) {
  return resource.ends_with("memory") || resource.ends_with("storage") ||
         resource.find("hugepages-") != std::string_view::npos;
}

}  // namespace

void PutText(Json& to, const char* key, const std::string& text) {
  if (!text.empty()) to[key] = base::CutText(text, kMaxMessage);
}

void PutRanges(Json& to, const char* key, const std::string& ranges) {
  if (!ranges.empty()) to[key] = ranges;
}

void PutTime(Json& to, const char* key, base::TimePoint time) {
  if (time.unix_ms != 0) to[key] = base::FormatTime(time);
}

void PutTexts(Json& to, const char* key, const std::vector<std::string>& texts) {
  if (!texts.empty()) to[key] = texts;
}

std::string FormatAmount(std::string_view resource, std::int64_t amount) {
  constexpr std::int64_t kMebi = 1 << 20;
  if (InMilli(resource)) return base::FormatMilli(amount);
  if (InBytes(resource) && amount != 0 && amount % kMebi == 0) {
    return base::FormatMebibytes(amount / kMebi);
  }
  return std::to_string(amount);
}

void PutResources(Json& to, const char* key, const ResourceList& list) {
  if (list.empty()) return;
  Json& out = to[key] = Json::object();
  for (const auto& [name, amount] : list) out[name] = FormatAmount(name, amount);
}

void PutConditions(Json& to, const std::vector<Condition>& conditions) {
  if (conditions.empty()) return;
  Json& out = to["conditions"] = Json::array();
  for (const Condition& c : conditions) {
    // All but observedGeneration are required by the schema.
    Json one = {{"type", c.type.str()},
                {"status", c.status.str()},
                {"reason", c.reason.str()},
                {"message", base::CutText(c.message.str(), kMaxMessage)},
                {"lastTransitionTime", base::FormatTime(c.last_transition)}};
    if (c.observed_generation != 0) one["observedGeneration"] = c.observed_generation;
    out.push_back(std::move(one));
  }
}

std::string ToText(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace muster::api
