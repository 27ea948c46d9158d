#include "api/json_fields_json.h"
#include "muster/api/api_servers.h"
#include "muster/base/time_text.h"

namespace muster::api {

std::vector<std::string> HttpsAddresses(std::string_view endpoint_slice) {
  const Json json = Json::parse(endpoint_slice, nullptr, false);
  if (!json.is_object()) return {};
  Problem ignored;
  const Fields slice(&json, "", ignored);
  std::int64_t port = 0;
  slice.Each("ports", [&port](const Fields& in) {
    if (in.Text("name") == "https") port = in.Int("port", 0);
  });
  if (port == 0) return {};
  const bool v6 = slice.Text("addressType") == "IPv6";
  std::vector<std::string> all;
  slice.Each("endpoints", [&](const Fields& endpoint) {
    for (const std::string& address : endpoint.Texts("addresses")) {
      all.push_back((v6 ? "[" + address + "]" : address) + ":" + std::to_string(port));
    }
  });
  return all;
}

std::int32_t LiveServers(std::string_view lease_list, base::TimePoint now) {
  const Json json = Json::parse(lease_list, nullptr, false);
  if (!json.is_object()) return 0;
  Problem ignored;
  const Fields list(&json, "", ignored);
  std::int32_t live = 0;
  list.Each("items", [&](const Fields& lease) {
    const Fields meta = lease.At("metadata");
    const Fields spec = lease.At("spec");
    if (!meta.Text("name").starts_with("apiserver-")) return;
    const auto renewed = base::ParseTime(spec.Text("renewTime"));
    const std::int64_t lasts_ms = spec.Int("leaseDurationSeconds", 3'600, {0, 86'400}) * 1'000;
    if (!renewed.ok() || renewed->unix_ms + lasts_ms > now.unix_ms) ++live;
  });
  return live;
}

}  // namespace muster::api
