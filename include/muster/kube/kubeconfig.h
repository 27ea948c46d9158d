// How to reach and convince one API server, from a kubeconfig or from inside a pod.
//
// Threads: pure functions but for the files they read.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/result.h"

namespace muster::kube {

// What an exec plugin is told of the cluster that it is to convince.
struct ExecCluster {
  std::string server;
  std::string ca_pem;  // empty: the CAs of the system
  bool insecure_skip_tls_verify = false;
  std::string tls_server_name;  // empty: the host of `server`
};

// A program that prints an ExecCredential (client.authentication.k8s.io).
struct ExecPlugin {
  std::string command;  // absolute, or looked up in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // added to ours, and stronger
  std::string api_version;                  // client.authentication.k8s.io/v1 or /v1beta1
  std::string install_hint;                 // shown when the program is missing
  std::optional<ExecCluster> cluster = {};  // with provideClusterInfo
};

// Everything a Transport needs.  PEM texts are checked already; keys are in memory only.
struct Connection {
  std::string server;  // https://host[:port][/prefix]
  std::string ca_pem;  // empty: the CAs of the system
  bool insecure_skip_tls_verify = false;
  std::string tls_server_name;  // empty: the host of `server`
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string token;       // a fixed bearer token; `token_file` goes first
  std::string token_file;  // read again when it rotates
  std::optional<ExecPlugin> exec;
  std::string context;  // name of the context; empty inside a pod
  std::string ns;       // its namespace; empty if it has none
};

// What LoadConnection looks at outside of files; tests give their own.
struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";

  static Environment OfProcess();
};

struct KubeconfigOptions {
  std::string path = {};  // list of files separated by ":"; empty: $KUBECONFIG, else ~/.kube/config
  std::string context = {};  // empty: current-context
};

// Files of a list are merged as kubectl does: the first that names a cluster, user, context or
// current-context wins, missing files of $KUBECONFIG are skipped, relative paths are relative to
// their own file.  With no kubeconfig at all, and inside a pod, the service account is used.
// Every error is kInvalid (kNotFound: neither is there), one sentence with file and field.
base::Result<Connection> LoadConnection(const KubeconfigOptions& options = {},
                                        const Environment& environment = Environment::OfProcess());

// The same cluster and user by another way: an API server's own "address:port".  Its certificate is
// still checked against the name it is known by.
Connection ConnectionTo(Connection connection, const std::string& address);

}  // namespace muster::kube
