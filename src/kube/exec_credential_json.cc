#include <nlohmann/json.hpp>

#include "exec_plugin.h"
#include "muster/base/time_text.h"
#include "tls.h"

namespace muster::kube {
namespace {

using Json = nlohmann::json;

base::Error Bad(std::string what) { return {base::Code::kInvalid, std::move(what), 0}; }

std::string TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::string RenderExecInfo(const ExecPlugin& plugin) {
  Json spec = Json::object();
  spec["interactive"] = false;
  if (plugin.cluster) {
    const ExecCluster& cluster = *plugin.cluster;
    Json& told = spec["cluster"];
    told["server"] = cluster.server;
    if (!cluster.ca_pem.empty()) {
      told["certificate-authority-data"] = EncodeBase64(cluster.ca_pem);
    }
    if (cluster.insecure_skip_tls_verify) told["insecure-skip-tls-verify"] = true;
    if (!cluster.tls_server_name.empty()) told["tls-server-name"] = cluster.tls_server_name;
  }
  const Json document = {
      {"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

base::Result<ExecCredential> ParseExecCredential(std::string_view json,
                                                 const std::string& api_version) {
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || TextOf(document, "kind") != "ExecCredential") {
    return Bad("no ExecCredential");
  }
  if (TextOf(document, "apiVersion") != api_version) {
    return Bad("apiVersion \"" + TextOf(document, "apiVersion") + "\", the kubeconfig says \"" +
               api_version + "\"");
  }
  const Json status = document.value("status", Json::object());
  if (!status.is_object()) return Bad("an ExecCredential without status");
  ExecCredential credential;
  credential.token = TextOf(status, "token");
  credential.certificate_pem = TextOf(status, "clientCertificateData");
  credential.key_pem = TextOf(status, "clientKeyData");
  if (credential.certificate_pem.empty() != credential.key_pem.empty()) {
    return Bad("only one of clientCertificateData and clientKeyData");
  }
  if (credential.token.empty() && credential.certificate_pem.empty()) {
    return Bad("neither a token nor a client certificate");
  }
  const std::string expires = TextOf(status, "expirationTimestamp");
  if (!expires.empty()) {
    const base::Result<base::TimePoint> time = base::ParseTime(expires);
    if (!time.ok()) return Bad("expirationTimestamp " + time.error().message);
    credential.expires = *time;
  }
  return credential;
}

}  // namespace muster::kube
