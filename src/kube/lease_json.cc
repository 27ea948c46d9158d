#include <nlohmann/json.hpp>

#include "muster/base/time_text.h"
#include "muster/kube/leader_election.h"

namespace muster::kube {
namespace {

using nlohmann::json;

std::string TextOf(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::int64_t IntOf(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() ? it->get<std::int64_t>() : 0;
}

base::TimePoint TimeOf(const json& object, const char* key) {
  const auto time = base::ParseTime(TextOf(object, key));
  return time.ok() ? *time : base::TimePoint{};
}

}  // namespace

base::Result<Lease> DecodeLease(const std::string& text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return base::Error{base::Code::kUnavailable, "the Lease is no JSON"};
  const json metadata = object.value("metadata", json::object());
  const json spec = object.value("spec", json::object());
  Lease lease;
  lease.resource_version = TextOf(metadata, "resourceVersion");
  lease.holder = TextOf(spec, "holderIdentity");
  lease.transitions = IntOf(spec, "leaseTransitions");
  lease.duration_seconds = IntOf(spec, "leaseDurationSeconds");
  lease.acquired = TimeOf(spec, "acquireTime");
  lease.renewed = TimeOf(spec, "renewTime");
  return lease;
}

std::string EncodeLease(const LeaderElectionOptions& options, const Lease& lease) {
  json metadata = {{"name", options.name}, {"namespace", options.ns}};
  if (!lease.resource_version.empty()) metadata["resourceVersion"] = lease.resource_version;
  const json object = {
      {"apiVersion", "coordination.k8s.io/v1"},
      {"kind", "Lease"},
      {"metadata", metadata},
      {"spec",
       {{"holderIdentity", lease.holder},
        {"leaseTransitions", lease.transitions},
        {"leaseDurationSeconds", (options.lease_duration_ms + 999) / 1000},
        {"acquireTime", base::FormatMicroTime(lease.acquired)},
        {"renewTime", base::FormatMicroTime(lease.renewed)}}}};
  return object.dump();
}

}  // namespace muster::kube
