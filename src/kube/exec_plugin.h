// Runs an exec plugin of a kubeconfig and reads the ExecCredential it prints.
// Protocol:
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
//
// Threads: pure functions but for the child process; the caller waits for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/base/clock.h"
#include "muster/base/result.h"
#include "muster/kube/kubeconfig.h"

namespace muster::kube {

struct ExecCredential {
  std::string token;
  std::string certificate_pem;
  std::string key_pem;
  base::TimePoint expires;  // 0: not said
};

// kInvalid: `exec plugin "x" …`, with what it wrote to standard error.  Killed after `timeout_ms`.
base::Result<ExecCredential> RunExecPlugin(const ExecPlugin& plugin,
                                           std::int64_t timeout_ms = 60'000);

// The documents alone; in exec_credential_json.cc.  The first is what the plugin finds in
// KUBERNETES_EXEC_INFO.
std::string RenderExecInfo(const ExecPlugin& plugin);
base::Result<ExecCredential> ParseExecCredential(std::string_view json,
                                                 const std::string& api_version);

}  // namespace muster::kube
