// What is answered at /metrics, /healthz and /readyz, without a socket (server.h has that).
//
// /healthz and /readyz run named checks: 200 "ok" when all pass; 500 with one line a check when one
// does not, or with ?verbose, in the form of Kubernetes' own:
//   [+]caches ok
//   [+]leader ok: standby, muster-6f9_h2k8d5m0qz leads
//   [-]drift failed: 2 differences, the first: pod a/x-0 has no placement
//   readyz check failed
// Threads: Answer may be called from any thread, once all checks are added.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/telemetry/metrics.h"

namespace muster::telemetry {

struct HttpRequest {
  std::string method;
  std::string path;   // without the query
  std::string query;  // without "?"
};

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct CheckResult {
  bool ok = true;
  std::string detail;  // why not, or a remark; one line
};
// Runs on the server's thread for every probe: quick, never blocking.
using Check = std::function<CheckResult()>;

class Endpoints {
 public:
  // `metrics` outlives this.
  explicit Endpoints(Metrics& metrics) : metrics_(metrics) {}

  // Of /healthz: a failure means that only a restart helps.
  void AddLiveCheck(std::string name, Check check);
  // Of /readyz.
  void AddReadyCheck(std::string name, Check check);

  // 404 for other paths, 405 for methods other than GET and HEAD.
  HttpReply Answer(const HttpRequest& request) const;

 private:
  struct Named {
    std::string name;
    Check check;
  };
  static HttpReply Run(std::string_view what, const std::vector<Named>& checks, bool verbose);

  Metrics& metrics_;
  std::vector<Named> live_;
  std::vector<Named> ready_;
};

}  // namespace muster::telemetry
