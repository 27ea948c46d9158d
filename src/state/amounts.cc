#include "muster/state/amounts.h"

#include <algorithm>

#include "muster/base/quantity.h"

namespace muster::state {
namespace {

constexpr std::int64_t kMebibyte = 1LL << 20;
constexpr std::int64_t kMaxAmount = (1LL << 61);

bool InBytes(std::string_view name) {
  return name == "memory" || name == "ephemeral-storage" || name == "requests.storage" ||
         name == "storage" || name == "limits.memory" || name == "requests.memory" ||
         name.starts_with("hugepages-");
}

sched::SelectOp ToOp(std::string_view op) {
  if (op == "NotIn") return sched::SelectOp::kNotIn;
  if (op == "Exists") return sched::SelectOp::kExists;
  if (op == "DoesNotExist") return sched::SelectOp::kDoesNotExist;
  if (op == "Gt") return sched::SelectOp::kGt;
  if (op == "Lt") return sched::SelectOp::kLt;
  return sched::SelectOp::kIn;
}

sched::Terms ToTerms(const std::vector<api::NodeSelectorTerm>& terms) {
  sched::Terms out;
  for (const api::NodeSelectorTerm& term : terms) {
    std::vector<sched::Requirement>& all = out.emplace_back();
    for (const api::NodeRequirement& r : term)
      all.push_back({r.key, ToOp(r.op), r.values, r.field});
  }
  return out;
}

// Sorted by name; the lesser of what has the same name.
sched::Amounts Convert(const api::ResourceList& list, Rounding rounding,
                       const std::string& gpu_resource) {
  sched::Amounts amounts;
  amounts.reserve(list.size());
  for (const auto& [name, value] : list) {
    amounts.emplace_back(name == "gpu" ? gpu_resource : name, ToCoreUnit(name, value, rounding));
  }
  std::sort(amounts.begin(), amounts.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  amounts.erase(std::unique(amounts.begin(), amounts.end(), same), amounts.end());
  return amounts;
}

}  // namespace

std::int64_t ToCoreUnit(std::string_view name, std::int64_t value, Rounding rounding) {
  if (!InBytes(name)) return std::min(value, kMaxAmount);
  if (rounding == Rounding::kDown) return value / kMebibyte;
  return value / kMebibyte + (value % kMebibyte != 0 ? 1 : 0);
}

sched::Amounts ToAmounts(const api::ResourceList& list, Rounding rounding,
                         const std::string& gpu_resource) {
  sched::Amounts amounts = Convert(list, rounding, gpu_resource);
  std::erase_if(amounts, [](const auto& entry) { return entry.second <= 0; });
  return amounts;
}

sched::Amounts ToCeilings(const api::ResourceList& list, const std::string& gpu_resource) {
  sched::Amounts amounts = Convert(list, Rounding::kDown, gpu_resource);
  for (auto& [name, amount] : amounts) amount = std::max<std::int64_t>(0, amount);
  return amounts;
}

api::ResourceList ToResourceList(const sched::Amounts& amounts) {
  api::ResourceList list;
  for (const auto& [name, amount] : amounts) {
    list[name] = InBytes(name) ? base::SaturatingMul(amount, kMebibyte) : amount;
  }
  return list;
}

std::int64_t AmountOf(const sched::Amounts& amounts, std::string_view name) {
  for (const auto& [key, amount] : amounts) {
    if (key == name) return amount;
  }
  return 0;
}

sched::Amounts Plus(const sched::Amounts& a, const sched::Amounts& b) {
  std::map<std::string, std::int64_t> sum(a.begin(), a.end());
  for (const auto& [name, amount] : b) {
    sum[name] = std::min(base::SaturatingAdd(sum[name], amount), kMaxAmount);
  }
  return {sum.begin(), sum.end()};
}

sched::Shape ToShape(const api::PodNeeds& needs, const PodVolumes& volumes,
                     const std::string& gpu_model, const std::string& gpu_resource) {
  sched::Shape shape;
  shape.request = ToAmounts(needs.requests, Rounding::kUp, gpu_resource);
  shape.gpu_model = gpu_model;
  for (const auto& [key, value] : needs.node_selector) {
    shape.selector.push_back({key, sched::SelectOp::kIn, {value}, false});
  }
  shape.required = ToTerms(needs.required_terms);
  for (const auto& volume : volumes.affinity) shape.volumes.push_back(ToTerms(volume));
  // Volumes of the same place are one restriction, and their order is none.
  std::sort(shape.volumes.begin(), shape.volumes.end());
  shape.volumes.erase(std::unique(shape.volumes.begin(), shape.volumes.end()), shape.volumes.end());
  for (const api::Toleration& t : needs.tolerations) {
    shape.tolerations.push_back({t.key, t.value, t.effect, t.op == "Exists"});
  }
  for (const api::HostPort& p : needs.host_ports) {
    shape.ports.push_back({p.port, p.protocol, p.host_ip});
  }
  std::sort(shape.tolerations.begin(), shape.tolerations.end());
  std::sort(shape.ports.begin(), shape.ports.end());
  return shape;
}

sched::Amounts ToLimits(const api::PodNeeds& needs) {
  api::ResourceList limits;
  for (const auto& [name, value] : needs.limits) limits["limits." + name] = value;
  return ToAmounts(limits, Rounding::kUp, "");
}

sched::Node ToNode(const api::Node& node, const std::string& gpu_resource) {
  sched::Node out;
  out.name = node.meta.name;
  for (const auto& [key, value] : node.meta.labels) out.labels.emplace(key, value);
  out.ready = node.ready && node.invalid.empty();
  out.cordoned = node.unschedulable || node.meta.deletion.unix_ms != 0;
  out.allocatable = ToAmounts(node.allocatable, Rounding::kDown, gpu_resource);
  for (const api::Taint& taint : node.taints) {
    if (taint.effect != "PreferNoSchedule") {
      out.taints.push_back({taint.key, taint.value, taint.effect});
    }
  }
  return out;
}

}  // namespace muster::state
