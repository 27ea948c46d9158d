#include "api/json_fields_json.h"
#include "muster/api/endpoint_slice.h"

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

}  // namespace muster::api
