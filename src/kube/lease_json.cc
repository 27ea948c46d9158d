#include "lease_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "muster/base/time_text.h"

namespace muster::kube {
namespace {

using Json = nlohmann::json;

std::string TextAt(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t NumberAt(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

Json SpecOf(const LeaseWrite& write) {
  Json spec = {
      {"holderIdentity", write.holder},
      {"leaseDurationSeconds", std::max<std::int64_t>(1, (write.duration_ms + 999) / 1000)},
      {"leaseTransitions", write.transitions},
      {"renewTime", base::FormatMicroTime(write.now)}};
  if (write.acquired) spec["acquireTime"] = base::FormatMicroTime(write.now);
  return spec;
}

}  // namespace

base::Result<Lease> ParseLease(std::string_view json) {
  const Json object = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  Lease lease;
  if (object.is_object() && object.contains("metadata") && object["metadata"].is_object()) {
    lease.resource_version = TextAt(object["metadata"], "resourceVersion");
  }
  if (lease.resource_version.empty()) {
    return base::Error{base::Code::kInvalid, "the answer is no Lease", 0};
  }
  if (!object.contains("spec") || !object["spec"].is_object()) return lease;
  const Json& spec = object["spec"];
  lease.holder = TextAt(spec, "holderIdentity");
  lease.duration_ms =
      1000 * std::clamp<std::int64_t>(NumberAt(spec, "leaseDurationSeconds"), 0, 86'400);
  lease.transitions = std::max<std::int64_t>(0, NumberAt(spec, "leaseTransitions"));
  return lease;
}

std::string NewLeaseJson(const std::string& ns, const std::string& name, const LeaseWrite& write) {
  const Json object = {{"apiVersion", "coordination.k8s.io/v1"},
                       {"kind", "Lease"},
                       {"metadata", {{"namespace", ns}, {"name", name}}},
                       {"spec", SpecOf(write)}};
  return object.dump();
}

std::string LeasePatchJson(const std::string& resource_version, const LeaseWrite& write) {
  const Json object = {{"metadata", {{"resourceVersion", resource_version}}},
                       {"spec", SpecOf(write)}};
  return object.dump();
}

}  // namespace muster::kube
