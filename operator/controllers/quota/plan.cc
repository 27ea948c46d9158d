#include "controllers/quota/plan.h"

#include <array>
#include <optional>
#include <string_view>

#include "controllers/conditions.h"
#include "muster/state/amounts.h"

namespace muster::op {
namespace {

// What is used of one name of spec.hard; nothing where Muster does not count.
std::optional<std::int64_t> UsedOf(const std::string& name, const api::ResourceList& used,
                                   const QuotaFacts& facts) {
  if (name == "count/jobs" || name == "count/jobs.scheduler.io") return facts.jobs;
  const bool object = name.starts_with("count/") && name != "count/pods";
  if (object || name == "persistentvolumeclaims" || name == "requests.storage" ||
      name.find(".storageclass.") != std::string::npos) {
    return std::nullopt;
  }
  constexpr std::string_view kRequests = "requests.";
  std::string word = name.starts_with(kRequests) ? name.substr(kRequests.size()) : name;
  if (word == "gpu") word = facts.gpu_resource;
  if (word == "count/pods") word = "pods";
  const bool counted = word == "cpu" || word == "memory" || word == "pods" ||
                       word == "ephemeral-storage" || word.starts_with("limits.") ||
                       word.starts_with("hugepages-") || word.find('/') != std::string::npos;
  if (!counted) return std::nullopt;
  const auto it = used.find(word);
  return it == used.end() ? 0 : it->second;
}

// "used/hard" of the first of these names that is limited; empty if none is.
template <std::size_t N>
std::string Column(const api::ResourceQuota& quota, const api::ResourceQuotaStatus& next,
                   const std::array<std::string, N>& names) {
  for (const std::string& name : names) {
    const auto hard = quota.hard.find(name);
    const auto used = next.used.find(name);
    if (hard == quota.hard.end() || used == next.used.end()) continue;
    return FormatUsed(name, used->second, hard->second);
  }
  return "";
}

api::Condition Ready(const api::ResourceQuota& quota, const QuotaFacts& facts) {
  const auto no = [&](const std::string& reason, const std::string& message) {
    return api::Condition{"Ready", "False", reason, message, {}, quota.meta.generation};
  };
  if (!quota.invalid.empty()) return no("InvalidQuantity", quota.invalid);
  if (facts.tenant.empty()) {
    return no("NoTenant", "no Tenant claims namespace " + quota.meta.ns);
  }
  if (!facts.tenant_exists) {
    return no("NoTenant",
              "Tenant " + facts.tenant + " of namespace " + quota.meta.ns + " does not exist");
  }
  return {"Ready", "True", "Ready", "in force", {}, quota.meta.generation};
}

}  // namespace

api::ResourceQuotaStatus PlanQuota(const api::ResourceQuota& quota, const QuotaFacts& facts) {
  api::ResourceQuotaStatus next = quota.status;
  next.observed_generation = quota.meta.generation;
  next.epoch = facts.epoch;
  next.tenant = facts.tenant;
  const api::ResourceList used = state::ToResourceList(facts.used);
  next.used.clear();
  for (const auto& [name, hard] : quota.hard) {
    if (const auto amount = UsedOf(name, used, facts)) next.used[name] = *amount;
  }
  const std::string gpu = facts.gpu_resource;
  next.gpus = Column(quota, next,
                     std::array<std::string, 4>{"requests." + gpu, gpu, "requests.gpu", "gpu"});
  next.cpu = Column(quota, next, std::array<std::string, 3>{"requests.cpu", "cpu", "limits.cpu"});
  next.memory =
      Column(quota, next, std::array<std::string, 3>{"requests.memory", "memory", "limits.memory"});
  next.jobs =
      Column(quota, next, std::array<std::string, 2>{"count/jobs", "count/jobs.scheduler.io"});
  SetCondition(next.conditions, Ready(quota, facts), facts.now);
  return next;
}

}  // namespace muster::op
