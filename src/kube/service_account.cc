#include "service_account.h"

#include "files.h"
#include "tls.h"

namespace muster::kube {

base::Result<Connection> LoadServiceAccount(const Environment& environment) {
  const auto host = environment.variable("KUBERNETES_SERVICE_HOST");
  const auto port = environment.variable("KUBERNETES_SERVICE_PORT");
  if (!host || host->empty()) {
    return base::Error{base::Code::kNotFound, "KUBERNETES_SERVICE_HOST is not set", 0};
  }
  Connection connection;
  // cpprestsdk cannot resolve an IPv6 address in brackets; this name is in every API server's
  // certificate.
  const bool ipv6 = host->find(':') != std::string::npos;
  connection.server =
      "https://" + (ipv6 ? "kubernetes.default.svc" : *host) + ":" + port.value_or("443");
  connection.token_file = environment.service_account_dir + "/token";
  base::Result<std::string> ca = ReadFile(environment.service_account_dir + "/ca.crt");
  if (!ca.ok()) return base::Error{base::Code::kInvalid, ca.error().message, 0};
  const base::Result<std::string> token = ReadFile(connection.token_file);
  if (!token.ok()) return base::Error{base::Code::kInvalid, token.error().message, 0};
  connection.ca_pem = std::move(*ca);
  const auto tls = TlsMaterial::Parse(connection.ca_pem, "", "");
  if (!tls.ok()) {
    return base::Error{base::Code::kInvalid,
                       environment.service_account_dir + "/ca.crt: the " + tls.error().message, 0};
  }
  const auto ns = ReadFile(environment.service_account_dir + "/namespace");
  if (ns.ok()) connection.ns = *ns;
  return connection;
}

}  // namespace muster::kube
