#include "controllers/tenant/status_plan.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "controllers/conditions.h"
#include "muster/base/quantity.h"
#include "muster/base/text.h"

namespace muster::op {
namespace {

std::string Named(const std::string& resource, const std::string& gpu_resource) {
  return resource == "gpu" ? gpu_resource : resource;
}

// Of a resource under both its names the lesser counts; and somebody should know.
std::string TwoNames(const api::TenantSpec& spec, const std::string& gpu_resource) {
  const std::pair<const char*, const api::ResourceList*> fields[] = {
      {"resourceQuota", &spec.hard},
      {"guaranteed", &spec.guaranteed},
      {"borrowing.limit", &spec.borrow_limit},
      {"borrowing.lendingLimit", &spec.lending_limit}};
  for (const auto& [field, list] : fields) {
    if (!list->contains("gpu") || !list->contains(gpu_resource)) continue;
    return "spec." + std::string(field) + " names gpu and " + gpu_resource +
           ", which are the same: the lesser counts; remove one";
  }
  return "";
}

api::ResourceList Normal(const api::ResourceList& list, const std::string& gpu_resource) {
  api::ResourceList out;
  for (const auto& [name, amount] : list) {
    const auto [it, added] = out.emplace(Named(name, gpu_resource), amount);
    if (!added) it->second = std::min(it->second, amount);
  }
  return out;
}

// spec.guaranteed above spec.resourceQuota: never to be had.
std::string QuotaNonsense(const api::TenantSpec& spec, const std::string& gpu_resource) {
  const api::ResourceList hard = Normal(spec.hard, gpu_resource);
  for (const auto& [name, amount] : spec.guaranteed) {
    const auto ceiling = hard.find(Named(name, gpu_resource));
    if (ceiling == hard.end() || amount <= ceiling->second) continue;
    return "spec.guaranteed." + name + " " + FormatAmount(name, amount) +
           " is above spec.resourceQuota." + name + " " + FormatAmount(name, ceiling->second) +
           "; lower the one or raise the other";
  }
  return "";
}

std::string Elsewhere(const TenantClaims& claims) {
  std::vector<std::string> parts;
  for (const auto& [ns, holder] : claims.elsewhere) {
    if (parts.size() == 5) {
      parts.push_back("…");
      break;
    }
    parts.push_back("namespace " + ns + " is held by Tenant " + holder);
  }
  return base::Join(parts, ", ");
}

std::string AllIsWell(const TenantClaims& claims) {
  if (!claims.missing.empty()) {
    return "not there yet: namespace " + base::Join(claims.missing, ", ");
  }
  if (claims.held.empty()) return "no namespace matches spec.namespaces yet";
  return "holds " + std::to_string(claims.held.size()) +
         (claims.held.size() == 1 ? " namespace" : " namespaces");
}

api::Condition Ready(const api::Tenant& tenant, const TenantFacts& facts) {
  const auto no = [&](const char* reason, const std::string& message) {
    return api::Condition{"Ready", "False", reason, message, {}, tenant.meta.generation};
  };
  if (!tenant.invalid.empty()) return no("Invalid", tenant.invalid);
  if (!facts.claims.forbidden.empty()) {
    return no("ForbiddenNamespace", "namespace " + base::Join(facts.claims.forbidden, ", ") +
                                        " cannot be claimed; remove it from spec.namespaces");
  }
  if (!facts.claims.elsewhere.empty()) return no("NamespaceHeld", Elsewhere(facts.claims));
  if (std::string why = TwoNames(tenant.spec, facts.gpu_resource); !why.empty()) {
    return no("InvalidQuota", why);
  }
  if (std::string why = QuotaNonsense(tenant.spec, facts.gpu_resource); !why.empty()) {
    return no("InvalidQuota", why);
  }
  if (!facts.render_error.empty()) return no("RenderFailed", facts.render_error);
  return {"Ready", "True", "Ready", AllIsWell(facts.claims), {}, tenant.meta.generation};
}

// 125 -> "12.5%".
std::string FormatShare(std::int64_t per_mille) {
  return std::to_string(per_mille / 10) + "." + std::to_string(per_mille % 10) + "%";
}

}  // namespace

api::TenantStatus PlanTenantStatus(const api::Tenant& tenant, const TenantFacts& facts) {
  api::TenantStatus next = tenant.status;
  next.observed_generation = tenant.meta.generation;
  next.epoch = facts.epoch;
  next.namespaces = facts.claims.held;
  next.used.clear();
  for (const auto& [name, amount] : facts.usage.used) {
    if (!name.starts_with("limits.")) next.used[name] = amount;
  }
  const api::ResourceList hard = Normal(tenant.spec.hard, facts.gpu_resource);
  const auto used = next.used.find(facts.gpu_resource);
  const auto ceiling = hard.find(facts.gpu_resource);
  next.gpus = FormatUsed(facts.gpu_resource, used == next.used.end() ? 0 : used->second,
                         ceiling == hard.end() ? std::nullopt : std::optional(ceiling->second));
  next.pending = facts.usage.pending;
  next.running = facts.usage.running;
  next.share = FormatShare(facts.usage.per_mille);
  SetCondition(next.conditions, Ready(tenant, facts), facts.now);
  if (!facts.over_capacity.empty()) {
    SetCondition(next.conditions,
                 {"GuaranteeExceedsCapacity",
                  "True",
                  "GuaranteeExceedsCapacity",
                  facts.over_capacity,
                  {},
                  tenant.meta.generation},
                 facts.now);
  } else {
    ClearCondition(next.conditions, "GuaranteeExceedsCapacity", "Fits", tenant.meta.generation,
                   facts.now);
  }
  return next;
}

std::map<std::string, std::string> OverCapacity(
    const std::vector<const api::ResourceList*>& guarantees, const api::ResourceList& capacity,
    const std::string& gpu_resource) {
  api::ResourceList sums;
  for (const api::ResourceList* list : guarantees) {
    for (const auto& [name, amount] : Normal(*list, gpu_resource)) {
      std::int64_t& sum = sums[name];
      sum = base::SaturatingAdd(sum, amount);
    }
  }
  std::map<std::string, std::string> over;
  for (const auto& [name, sum] : sums) {
    const auto it = capacity.find(name);
    const std::int64_t have = it == capacity.end() ? 0 : it->second;
    if (name == "requests.storage" || sum <= have) continue;
    over[name] = "all tenants together are guaranteed " + FormatAmount(name, sum) + " " + name +
                 ", the cluster has " + FormatAmount(name, have);
  }
  return over;
}

}  // namespace muster::op
