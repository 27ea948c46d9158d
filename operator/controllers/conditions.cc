#include "controllers/conditions.h"

#include <algorithm>
#include <utility>

#include "muster/base/quantity.h"
#include "muster/base/text.h"

namespace muster::op {
namespace {

constexpr std::int64_t kMebibyte = 1LL << 20;

}  // namespace

const api::Condition* FindCondition(const std::vector<api::Condition>& conditions,
                                    std::string_view type) {
  for (const api::Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

void SetCondition(std::vector<api::Condition>& conditions, api::Condition next,
                  base::TimePoint now) {
  if (const std::string& text = next.message; text.size() > kMaxMessage) {
    next.message = CutMessage(text);
  }
  next.last_transition = now;
  const auto it = std::find_if(conditions.begin(), conditions.end(),
                               [&](const api::Condition& c) { return c.type == next.type; });
  if (it == conditions.end()) {
    conditions.push_back(std::move(next));
    return;
  }
  if (it->status == next.status) next.last_transition = it->last_transition;
  *it = std::move(next);
}

void ClearCondition(std::vector<api::Condition>& conditions, std::string_view type,
                    std::string_view reason, std::int64_t generation, base::TimePoint now) {
  const api::Condition* found = FindCondition(conditions, type);
  if (found == nullptr || found->status != "True") return;
  api::Condition next = *found;
  next.status = "False";
  next.reason = reason;
  next.message.clear();
  next.observed_generation = generation;
  SetCondition(conditions, std::move(next), now);
}

std::string CutMessage(std::string_view text) { return base::CutText(text, kMaxMessage); }

std::string FormatAmount(std::string_view resource, std::int64_t amount) {
  if (resource.ends_with("cpu")) return base::FormatMilli(amount);
  const bool bytes = resource.ends_with("memory") || resource.ends_with("storage");
  if (bytes && amount % kMebibyte == 0 && amount != 0) {
    return base::FormatMebibytes(amount / kMebibyte);
  }
  return std::to_string(amount);
}

std::string FormatUsed(std::string_view resource, std::int64_t used,
                       std::optional<std::int64_t> hard) {
  std::string text = FormatAmount(resource, used);
  if (hard) text += "/" + FormatAmount(resource, *hard);
  return text;
}

}  // namespace muster::op
