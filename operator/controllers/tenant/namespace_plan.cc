#include "controllers/tenant/namespace_plan.h"

#include <algorithm>

#include "muster/base/text.h"

namespace muster::op {
namespace {

constexpr char kNamespace[] = "namespace";
constexpr std::string_view kLevel = "podsecurity=";

std::string ValueOf(const api::Labels& map, const char* key) {
  const auto it = map.find(key);
  return it == map.end() ? "" : it->second.str();
}

struct Step {
  const api::Namespace& ns;
  const NamespaceLedger& ledger;
  const NamespaceFacts& facts;
  Rendered now;
  NamespaceActions actions;

  void WakeIn(std::int64_t ms) {
    const std::int64_t in = std::max<std::int64_t>(ms, 1);
    if (actions.wake_in_ms == 0 || in < actions.wake_in_ms) actions.wake_in_ms = in;
  }
  // Free to be tried: nothing under way, and no back-off.
  bool May(const std::string& kind) {
    if (ledger.in_flight.contains(kind)) return false;
    const auto trouble = ledger.troubles.find(kind);
    if (trouble == ledger.troubles.end()) return true;
    const std::int64_t left = trouble->second.retry_at_ms - facts.boot_ms;
    if (left > 0) WakeIn(left);
    return left <= 0;
  }
};

void Change(Step& step, const Rendered& next) {
  if (!step.May(kNamespace)) return;
  api::NamespaceChange change;
  const std::string holder = ValueOf(step.ns.meta.labels, api::kLabelTenant);
  if (holder != step.facts.holder) {
    change.labels[api::kLabelTenant] =
        step.facts.holder.empty() ? std::nullopt : std::optional(step.facts.holder);
    step.actions.claimed = !step.facts.holder.empty();
    step.actions.released = holder;
  }
  const std::string level = ValueOf(step.ns.meta.labels, api::kLabelPodSecurity);
  if (next.level.empty()) {
    // Taken back only as we set it.
    if (!step.now.level.empty() && level == step.now.level) {
      change.labels[api::kLabelPodSecurity] = std::nullopt;
    }
  } else if (level != next.level) {
    change.labels[api::kLabelPodSecurity] = next.level;
  }
  if (next != step.now) {
    change.annotations[api::kAnnotationRendered] =
        next.tenant.empty() ? std::nullopt : std::optional(FormatRendered(next));
  }
  if (!change.empty()) step.actions.change = std::move(change);
}

// True when all objects of these kinds are gone.
bool Clear(Step& step, const std::set<std::string>& kinds) {
  bool all = true;
  for (const std::string& kind : kinds) {
    if (step.ledger.deleted.contains(kind)) continue;
    all = false;
    if (step.May(kind)) step.actions.deletes.push_back(kind);
  }
  step.actions.delete_tenant = step.now.tenant;
  return all;
}

Rendered WantedOf(const NamespaceFacts& facts) {
  Rendered wanted;
  if (facts.holder.empty()) return wanted;
  wanted.tenant = facts.holder;
  for (const auto& [kind, json] : facts.wanted) wanted.kinds.insert(kind);
  wanted.level = facts.level;
  return wanted;
}

void ApplyAll(Step& step) {
  for (const auto& [kind, json] : step.facts.wanted) {
    const auto applied = step.ledger.applied.find(kind);
    if (applied != step.ledger.applied.end() && applied->second.json == json) {
      const std::int64_t left = applied->second.at_ms + step.facts.drift_ms - step.facts.boot_ms;
      if (left > 0) {
        step.WakeIn(left);
        continue;
      }
    }
    if (step.May(kind)) step.actions.applies.push_back(kind);
  }
}

// Names of spec.hard that go to the core ResourceQuota.
bool GoesToCore(const std::string& name) {
  if (name == "count/jobs" || name == "count/jobs.scheduler.io" || name == "count/pods") {
    return false;
  }
  static const std::set<std::string> kObjects = {
      "persistentvolumeclaims", "requests.storage",       "services",   "services.loadbalancers",
      "services.nodeports",     "replicationcontrollers", "configmaps", "secrets",
      "resourcequotas"};
  return name.starts_with("count/") || kObjects.contains(name) ||
         name.find(".storageclass.storage.k8s.io/") != std::string::npos;
}

}  // namespace

Rendered ParseRendered(const std::string& annotation) {
  Rendered rendered;
  for (const std::string_view word : base::Split(annotation, ' ')) {
    if (word.empty()) continue;
    if (rendered.tenant.empty()) {
      rendered.tenant = word;
    } else if (word.starts_with(kLevel)) {
      rendered.level = word.substr(kLevel.size());
    } else {
      rendered.kinds.insert(std::string(word));
    }
  }
  return rendered;
}

std::string FormatRendered(const Rendered& rendered) {
  std::string text = rendered.tenant;
  for (const std::string& kind : rendered.kinds) text += " " + kind;
  if (!rendered.level.empty()) text += " " + std::string(kLevel) + rendered.level;
  return text;
}

std::int64_t NamespaceRetryMs(std::int32_t failures) {
  return std::min<std::int64_t>(60'000, 1'000LL << std::clamp(failures - 1, 0, 6));
}

api::ResourceList CoreQuotaOf(const api::TenantSpec& spec,
                              const std::vector<const api::ResourceQuota*>& quotas) {
  api::ResourceList least;
  const auto take = [&](const std::string& name, std::int64_t amount) {
    const auto [it, added] = least.emplace(name, amount);
    if (!added) it->second = std::min(it->second, amount);
  };
  if (const auto storage = spec.hard.find("requests.storage"); storage != spec.hard.end()) {
    take(storage->first, storage->second);
  }
  for (const api::ResourceQuota* quota : quotas) {
    if (!quota->invalid.empty() || quota->meta.deletion.unix_ms != 0) continue;
    for (const auto& [name, amount] : quota->hard) {
      if (GoesToCore(name)) take(name, amount);
    }
  }
  return least;
}

NamespaceActions PlanNamespace(const api::Namespace& ns, const NamespaceLedger& ledger,
                               const NamespaceFacts& facts) {
  Step step{ns, ledger, facts, {}, {}};
  step.now = ParseRendered(ValueOf(ns.meta.annotations, api::kAnnotationRendered));
  if (ns.terminating || ns.meta.deletion.unix_ms != 0) return step.actions;
  // A patch on its way, or one that the watch has not shown.
  if (ledger.in_flight.contains(kNamespace)) return step.actions;
  if (ledger.patched_from == ns.meta.resource_version) return step.actions;
  const Rendered wanted = WantedOf(facts);

  // 1. Another tenant's objects go before the namespace changes hands.
  if (!step.now.tenant.empty() && step.now.tenant != facts.holder) {
    if (Clear(step, step.now.kinds)) Change(step, wanted);
    return std::move(step.actions);
  }

  // 2. The claim, and word of what is about to be rendered.
  Rendered both = wanted;
  both.kinds.insert(step.now.kinds.begin(), step.now.kinds.end());
  Change(step, both);
  if (step.actions.change) return std::move(step.actions);
  if (ValueOf(ns.meta.labels, api::kLabelTenant) != facts.holder) return std::move(step.actions);

  // 3. The objects themselves.
  ApplyAll(step);

  // 4. What is no longer wanted.
  std::set<std::string> extra;
  for (const std::string& kind : step.now.kinds) {
    if (!wanted.kinds.contains(kind)) extra.insert(kind);
  }
  if (!extra.empty() && Clear(step, extra)) Change(step, wanted);
  return std::move(step.actions);
}

}  // namespace muster::op
