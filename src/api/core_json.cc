// Metadata, conditions, Node, Namespace, LimitRange, PodDisruptionBudget.
#include "api/read_json.h"

namespace muster::api {
namespace {

constexpr std::array<std::string_view, 9> kNodeStatusUnread = {
    "images",   "nodeInfo",        "volumesAttached", "volumesInUse", "addresses",
    "capacity", "runtimeHandlers", "features",        "config"};

// 1E: as much as our own kinds accept.  The API server cuts amounts to 64 bits and no shorter.
constexpr std::int64_t kMostOnNode = 1'000'000'000'000'000'000;

bool Ours(std::string_view key) { return key.starts_with("scheduler.io/"); }

// An amount beyond belief would make every share of the cluster nothing.
void ReadAllocatable(const Fields& status, ResourceList& out) {
  out = status.Resources("allocatable");
  const Fields amounts = status.At("allocatable");
  for (auto it = out.begin(); it != out.end();) {
    const bool beyond = it->second > kMostOnNode;
    if (beyond) amounts.Complain(it->first.c_str(), "is too large for a node");
    it = beyond ? out.erase(it) : it + 1;
  }
}

}  // namespace

void ReadMeta(const Fields& meta, Meta& out) {
  out.name = meta.Text("name");
  out.ns = meta.Text("namespace");
  out.uid = meta.Text("uid");
  out.resource_version = meta.Text("resourceVersion");
  out.generation = meta.Int("generation", 0);
  out.created = meta.Time("creationTimestamp");
  out.deletion = meta.Time("deletionTimestamp");
  for (const auto& [key, value] : meta.TextMap("labels")) out.labels.emplace(key, value);
  // Other people's annotations can be as large as the object; nothing here reads them.
  for (const auto& [key, value] : meta.TextMap("annotations")) {
    if (Ours(key)) out.annotations.emplace(key, value);
  }
  meta.Each("ownerReferences", [&out](const Fields& owner) {
    out.owners.push_back({owner.Text("kind"), owner.Text("name"), owner.Text("uid"),
                          owner.Flag("controller"), owner.Text("apiVersion")});
  });
}

void ReadConditions(const Fields& status, std::vector<Condition>& out) {
  status.Each("conditions", [&out](const Fields& in) {
    Condition condition;
    condition.type = in.Text("type");
    condition.status = in.Text("status");
    condition.reason = in.Text("reason");
    condition.message = in.Text("message");
    condition.last_transition = in.Time("lastTransitionTime");
    condition.observed_generation = in.Int("observedGeneration", 0);
    out.push_back(std::move(condition));
  });
}

template <>
Unread UnreadOf<Node>() {
  return {{}, kNodeStatusUnread};
}

void Read(const Fields& spec, const Fields& status, Node& out) {
  out.unschedulable = spec.Flag("unschedulable");
  spec.Each("taints", [&out](const Fields& taint) {
    out.taints.push_back({taint.Text("key"), taint.Text("value"), taint.Text("effect")});
  });
  ReadAllocatable(status, out.allocatable);
  status.Each("conditions", [&out](const Fields& condition) {
    if (condition.Text("type") != "Ready") return;
    out.ready = condition.Text("status") == "True";
    if (!out.ready) out.not_ready_since = condition.Time("lastTransitionTime");
  });
}

void Read(const Fields& /*spec*/, const Fields& status, Namespace& out) {
  out.terminating = status.Text("phase") == "Terminating" || out.meta.deletion.unix_ms != 0;
}

void Read(const Fields& /*spec*/, const Fields& /*status*/, LimitRange& /*out*/) {}

std::optional<LabelSelector> ReadLabelSelector(const Fields& selector) {
  if (!selector.present()) return std::nullopt;
  LabelSelector all;
  for (const auto& [key, value] : selector.TextMap("matchLabels")) {
    all.push_back({key, "In", {value}});
  }
  selector.Each("matchExpressions", [&all](const Fields& in) {
    all.push_back({in.Text("key"), in.Text("operator"), in.Texts("values")});
  });
  return all;
}

void Read(const Fields& spec, const Fields& status, PodDisruptionBudget& out) {
  out.disruptions_allowed = status.Int32("disruptionsAllowed", 0);
  const Fields selector = spec.At("selector");
  out.selector = ReadLabelSelector(selector);
}

}  // namespace muster::api
