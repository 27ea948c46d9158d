// The headless Service, events, bindings and delete options.
#include <array>
#include <atomic>
#include <cstdio>

#include "api/write_json.h"
#include "muster/api/render.h"
#include "muster/base/text.h"
#include "muster/base/time_text.h"

namespace muster::api {
namespace {

constexpr std::size_t kMaxEventMessage = 1'024;

// Unique in a namespace: by the millisecond, and within it by a counter of the process.
std::string EventName(const Meta& meta, base::TimePoint now) {
  static std::atomic<std::uint32_t> counter{0};
  std::array<char, 32> suffix{};
  std::snprintf(suffix.data(), suffix.size(), ".%011llx%06x",
                static_cast<unsigned long long>(now.unix_ms),
                counter.fetch_add(1, std::memory_order_relaxed) & 0xFFFFFFU);
  return meta.name + suffix.data();
}

// The attempt by which the Service selects its pods; null: it takes those of all.
Json SelectedAttempt(const Job& job, std::int32_t attempt) {
  if (job.spec.pod_replacement_policy != "TerminatingOrFailed") return nullptr;
  return std::to_string(attempt);
}

}  // namespace

std::string ServicePatch(const Job& job, std::int32_t attempt, const std::string& found) {
  const Json object = Json::parse(found, nullptr, false);
  if (!object.is_object()) return "";
  const Json::json_pointer selector("/spec/selector");
  const Json now = object.contains(selector) ? object[selector] : Json::object();
  const Json wanted = SelectedAttempt(job, attempt);
  if (!now.is_object() || now.value(kLabelAttempt, Json()) == wanted) return "";
  const Json::json_pointer version("/metadata/resourceVersion");
  const Json out = {{"metadata", {{"resourceVersion", object.value(version, Json())}}},
                    {"spec", {{"selector", {{kLabelAttempt, wanted}}}}}};
  return ToText(out);
}

std::string RenderService(const Job& job, std::int32_t attempt) {
  Json selector = {{kLabelJob, job.meta.name}};
  if (Json only = SelectedAttempt(job, attempt); !only.is_null()) selector[kLabelAttempt] = only;
  const Json out = {{"apiVersion", "v1"},
                    {"kind", "Service"},
                    {"metadata",
                     {{"name", job.meta.name},
                      {"namespace", job.meta.ns},
                      {"labels", {{kLabelJob, job.meta.name}}},
                      {"ownerReferences", Json::array({{{"apiVersion", "scheduler.io/v1"},
                                                        {"kind", "Job"},
                                                        {"name", job.meta.name},
                                                        {"uid", job.meta.uid},
                                                        {"controller", true},
                                                        {"blockOwnerDeletion", false}}})}}},
                    {"spec",
                     {{"clusterIP", "None"},
                      {"publishNotReadyAddresses", true},
                      {"selector", std::move(selector)}}}};
  return ToText(out);
}

std::string RenderEvent(const std::string& kind, const std::string& api_version, const Meta& meta,
                        const EventText& text, base::TimePoint now) {
  const std::string ns = meta.ns.empty() ? "default" : meta.ns;
  Json about = {
      {"apiVersion", api_version}, {"kind", kind}, {"name", meta.name}, {"uid", meta.uid}};
  PutText(about, "namespace", meta.ns);
  PutText(about, "resourceVersion", meta.resource_version);
  const std::string stamp = base::FormatTime(now);
  const Json out = {{"apiVersion", "v1"},
                    {"kind", "Event"},
                    {"metadata", {{"name", EventName(meta, now)}, {"namespace", ns}}},
                    {"involvedObject", std::move(about)},
                    {"reason", text.reason},
                    {"message", base::CutText(text.message, kMaxEventMessage)},
                    {"type", text.type},
                    {"source", {{"component", kSchedulerName}}},
                    {"reportingComponent", kSchedulerName},
                    {"reportingInstance", kSchedulerName},
                    {"firstTimestamp", stamp},
                    {"lastTimestamp", stamp},
                    {"count", 1}};
  return ToText(out);
}

std::string RenderBinding(const Pod& pod, const std::string& node, std::int64_t epoch,
                          bool borrowing) {
  Json out = {{"apiVersion", "v1"},
              {"kind", "Binding"},
              {"metadata",
               {{"name", pod.meta.name},
                {"namespace", pod.meta.ns},
                {"uid", pod.meta.uid},
                {"resourceVersion", pod.meta.resource_version},
                {"labels", {{kLabelFenced, "true"}}},
                {"annotations", {{kAnnotationEpoch, std::to_string(epoch)}}}}},
              {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}};
  if (borrowing) out["metadata"]["annotations"][kAnnotationBorrowing] = "true";
  return ToText(out);
}

std::string RenderDelete(const std::string& uid, std::int64_t grace_seconds) {
  Json out = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"preconditions", {{"uid", uid}}}};
  if (grace_seconds >= 0) out["gracePeriodSeconds"] = grace_seconds;
  return ToText(out);
}

}  // namespace muster::api
