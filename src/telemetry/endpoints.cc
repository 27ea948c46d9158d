#include "muster/telemetry/endpoints.h"

#include "muster/base/text.h"

namespace muster::telemetry {
namespace {

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// "?verbose", "?verbose=1" and "?a&verbose" all ask for it.
bool AsksVerbose(std::string_view query) {
  for (const std::string_view part : base::Split(query, '&')) {
    if (part.substr(0, part.find('=')) == "verbose") return true;
  }
  return false;
}

// A check's remark must not start a line of its own.
std::string OneLine(std::string text) {
  for (char& c : text) c = c == '\n' || c == '\r' ? ' ' : c;
  return text;
}

HttpReply Plain(int status, std::string body) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

}  // namespace

void Endpoints::AddLiveCheck(std::string name, Check check) {
  live_.push_back({std::move(name), std::move(check)});
}

void Endpoints::AddReadyCheck(std::string name, Check check) {
  ready_.push_back({std::move(name), std::move(check)});
}

HttpReply Endpoints::Run(std::string_view what, const std::vector<Named>& checks, bool verbose) {
  bool all = true;
  std::string lines;
  for (const Named& named : checks) {
    const CheckResult result = named.check();
    all = all && result.ok;
    lines += (result.ok ? "[+]" : "[-]") + named.name + (result.ok ? " ok" : " failed");
    if (!result.detail.empty()) lines += ": " + OneLine(result.detail);
    lines += '\n';
  }
  if (all && !verbose) return Plain(200, "ok");
  lines += std::string(what) + " check " + (all ? "passed" : "failed") + "\n";
  return Plain(all ? 200 : 500, std::move(lines));
}

HttpReply Endpoints::Answer(const HttpRequest& request) const {
  const bool known =
      request.path == "/metrics" || request.path == "/healthz" || request.path == "/readyz";
  if (!known) {
    return Plain(404, "not found; there are /metrics, /healthz and /readyz\n");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return Plain(405, "only GET and HEAD are allowed\n");
  }
  const bool verbose = AsksVerbose(request.query);
  if (request.path == "/healthz") return Run("healthz", live_, verbose);
  if (request.path == "/readyz") return Run("readyz", ready_, verbose);
  HttpReply reply;
  reply.content_type = kMetricsType;
  reply.body = metrics_.Text();
  return reply;
}

}  // namespace muster::telemetry
