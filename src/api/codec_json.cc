#include <atomic>
#include <exception>

#include "api/read_json.h"
#include "muster/api/codec.h"

namespace muster::api {
namespace {

template <class T>
std::atomic<std::int64_t> drops{0};  // of this kind

constexpr std::array<std::string_view, 2> kMetaUnread = {
    "managedFields", "kubectl.kubernetes.io/last-applied-configuration"};

// Parses one section of an object; absent sections are null and no problem.
Json ParseSection(std::string_view text, const char* name, const Drop& drop, Problem& problem) {
  if (text.empty()) return {};
  std::string kept;
  std::string what;
  if (!CopyWithout(text, drop, kept)) {
    what = "is nested deeper than " + std::to_string(kMaxDepth) + " levels";
  } else {
    Json value = Json::parse(kept, nullptr, false);
    if (value.is_object() || value.is_null()) return value;
    what = value.is_discarded() ? "is not valid JSON, or has a number that is out of range"
                                : "must be an object";
  }
  if (problem.text.empty()) problem.text = std::string(name) + ' ' + what;
  return {};
}

Fields Section(const Json& value, std::string_view name, Problem& problem) {
  return {value.is_object() ? &value : nullptr, name, problem};
}

template <class T>
void ReadObject(std::string_view json, T& out, Problem& problem) {
  const auto [meta_text, spec_text, status_text] = Members<3>(json, {"metadata", "spec", "status"});
  const Json meta = ParseSection(meta_text, "metadata", {kMetaUnread, true}, problem);
  ReadMeta(Section(meta, "metadata", problem), out.meta);
  if (out.meta.name.empty()) return;
  const Unread unread = UnreadOf<T>();
  constexpr bool kFlat = kWithoutSpec<T>;
  const Json spec =
      ParseSection(kFlat ? json : spec_text, kFlat ? "the object" : "spec", {unread.spec}, problem);
  const Json status = ParseSection(status_text, "status", {unread.status}, problem);
  Read(Section(spec, kFlat ? "" : "spec", problem), Section(status, "status", problem), out);
}

}  // namespace

std::vector<KindDrops> DecodeDrops() {
  return {{"Node", drops<Node>},
          {"Pod", drops<Pod>},
          {"Namespace", drops<Namespace>},
          {"LimitRange", drops<LimitRange>},
          {"PodDisruptionBudget", drops<PodDisruptionBudget>},
          {"PersistentVolumeClaim", drops<PersistentVolumeClaim>},
          {"PersistentVolume", drops<PersistentVolume>},
          {"StorageClass", drops<StorageClass>},
          {"Tenant", drops<Tenant>},
          {"ResourceQuota", drops<ResourceQuota>},
          {"Job", drops<Job>},
          {"Workflow", drops<Workflow>}};
}

bool IsWhole(std::string_view json) {
  base::JsonScanner scan(json);
  return scan.Value().has_value() && scan.AtEnd();
}

template <class T>
T Decode(std::string_view json) {
  T out;
  Problem problem;
  try {
    ReadObject(json, out, problem);
  } catch (const std::exception& e) {
    if (problem.text.empty()) problem.text = std::string("cannot be read: ") + e.what();
  }
  if (out.meta.name.empty()) {
    drops<T>.fetch_add(1, std::memory_order_relaxed);
    return T{};
  }
  out.invalid = std::move(problem.text);
  return out;
}

template <class T>
std::vector<T> DecodeList(std::string_view json) {
  std::vector<T> out;
  const auto [items] = Members<1>(json, {"items"});
  base::JsonScanner scan(items);
  if (!scan.Take('[') || scan.Take(']')) return out;
  do {
    const auto item = scan.Value();
    if (!item) break;
    T object = Decode<T>(*item);
    if (!object.meta.name.empty()) out.push_back(std::move(object));
  } while (scan.Take(','));
  return out;
}

template <class T>
WatchEvent<T> DecodeWatchEvent(std::string_view json) {
  WatchEvent<T> out;
  const auto [type, object] = Members<2>(json, {"type", "object"});
  if (type == "\"ADDED\"") out.type = WatchType::kAdded;
  if (type == "\"MODIFIED\"") out.type = WatchType::kModified;
  if (type == "\"DELETED\"") out.type = WatchType::kDeleted;
  if (out.type == WatchType::kOther) return out;
  out.object = Decode<T>(object);
  if (out.object.meta.name.empty()) out.type = WatchType::kOther;
  return out;
}

#define MUSTER_CODEC(T)                                    \
  template T Decode<T>(std::string_view);                  \
  template std::vector<T> DecodeList<T>(std::string_view); \
  template WatchEvent<T> DecodeWatchEvent<T>(std::string_view)

MUSTER_CODEC(Node);
MUSTER_CODEC(Pod);
MUSTER_CODEC(Namespace);
MUSTER_CODEC(LimitRange);
MUSTER_CODEC(PodDisruptionBudget);
MUSTER_CODEC(PersistentVolumeClaim);
MUSTER_CODEC(PersistentVolume);
MUSTER_CODEC(StorageClass);
MUSTER_CODEC(Tenant);
MUSTER_CODEC(ResourceQuota);
MUSTER_CODEC(Job);
MUSTER_CODEC(Workflow);

#undef MUSTER_CODEC

}  // namespace muster::api
