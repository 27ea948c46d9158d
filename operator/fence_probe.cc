#include "fence_probe.h"

#include <algorithm>
#include <utility>

#include "muster/api/endpoint_slice.h"
#include "muster/base/log.h"
#include "muster/base/text.h"
#include "muster/kube/paths.h"

namespace muster::op {
namespace {

constexpr std::int64_t kPauseMs = 20;
constexpr std::int64_t kTimeoutMs = 1'000;  // of a dry run

// A pod that every pod-security level admits; only ever sent as a dry run.
std::string ProbePod(std::int64_t epoch) {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"muster-fence-probe",)"
         R"("labels":{"scheduler.io/fenced":"true"},"annotations":{"scheduler.io/epoch":")" +
         std::to_string(epoch) +
         R"("}},"spec":{"schedulerName":"muster","securityContext":{"runAsNonRoot":true,)"
         R"("seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"main",)"
         R"("image":"none","securityContext":{"allowPrivilegeEscalation":false,)"
         R"("capabilities":{"drop":["ALL"]}}}]}})";
}

}  // namespace

FenceAnswer JudgeProbe(const base::Result<std::string>& answer) {
  if (answer.ok()) return FenceAnswer::kAccepted;
  const bool fence = answer.error().message.find("fenced: ") != std::string::npos;
  return fence ? FenceAnswer::kFenced : FenceAnswer::kUnknown;
}

FenceProbe::FenceProbe(kube::Client& client, ConnectTo connect, const base::Clock& clock,
                       FenceProbeOptions options)
    : client_(client), connect_(std::move(connect)), clock_(clock), options_(std::move(options)) {}

// The configured way first.  With one API server it is the only one: whatever stands between, only
// that one can answer.
std::vector<FenceProbe::Server> FenceProbe::FindServers() {
  std::vector<Server> servers(1);
  kube::Call call;
  call.path = ObjectPath(kube::kEndpointSlices, "default", "kubernetes");
  const auto slice = client_.Do(std::move(call));
  if (!slice.ok()) {
    // Not kept here (kNotFound), or not known: then there may be others.
    if (slice.error().code != base::Code::kNotFound) servers.push_back({"unknown", nullptr, {}});
    return servers;
  }
  const std::vector<std::string> addresses = api::HttpsAddresses(*slice);
  if (addresses.size() < 2) return servers;
  for (const std::string& address : addresses) {
    Server server;
    server.address = address;
    if (auto transport = connect_(address)) {
      server.own =
          std::make_unique<kube::Client>(std::move(transport), clock_, kube::ClientLimits{});
    }
    servers.push_back(std::move(server));
  }
  return servers;
}

FenceAnswer FenceProbe::TryEpoch(Server& server, std::int64_t epoch) {
  kube::Call call;
  call.verb = kube::Verb::kCreate;
  call.path = CollectionPath(kube::kPods, options_.ns);
  call.query = "dryRun=All";
  call.body = ProbePod(epoch);
  call.lane = kube::Lane::kLease;
  call.timeout_ms = kTimeoutMs;
  kube::Client& client = server.own ? *server.own : client_;
  const base::Result<std::string> answer = client.Do(std::move(call));
  const FenceAnswer said = JudgeProbe(answer);
  if (said == FenceAnswer::kUnknown && answer.error().message != trouble_) {
    trouble_ = answer.error().message;  // each trouble once, not each time
    base::LogWarn("the probe of the fence got no answer about its epoch",
                  {{"namespace", options_.ns}, {"server", server.address}, {"error", trouble_}});
  }
  return said;
}

void FenceProbe::Try(Server& server, std::int64_t epoch) {
  if (server.old == FenceAnswer::kFenced) return;
  if (!server.address.empty() && !server.own) return;
  server.old = TryEpoch(server, epoch) == FenceAnswer::kAccepted ? TryEpoch(server, epoch - 1)
                                                                 : FenceAnswer::kUnknown;
}

void FenceProbe::Pause() {
  base::Mutex mutex;
  base::CondVar never;
  base::Lock lock(mutex);
  const std::int64_t until = clock_.BootMs() + kPauseMs;
  while (clock_.BootMs() < until) clock_.Wait(never, mutex, until);
}

std::optional<bool> FenceProbe::Run(std::int64_t epoch, const std::function<bool()>& may_go_on) {
  const std::int64_t begin = clock_.BootMs();
  std::vector<Server> servers = FindServers();
  while (true) {
    for (Server& server : servers) {
      if (may_go_on()) Try(server, epoch);
    }
    const bool waited = clock_.BootMs() - begin >= options_.lease_duration_ms;
    std::vector<std::string> open;
    for (const Server& server : servers) {
      if (server.old != FenceAnswer::kFenced) open.push_back(server.address);
    }
    if (open.empty()) return true;
    if (!may_go_on()) return std::nullopt;
    // Without the policy every epoch is accepted: the lease's duration is all the fence there is.
    if (waited && servers.front().old == FenceAnswer::kAccepted) return false;
    if (waited && servers.front().old == FenceAnswer::kFenced) {
      base::LogWarn(
          "API servers that could not be probed by their address have had a lease duration",
          {{"servers", base::Join(open, ", ")}});
      return true;
    }
    Pause();
  }
}

}  // namespace muster::op
