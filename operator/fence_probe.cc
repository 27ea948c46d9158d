#include "fence_probe.h"

#include <algorithm>
#include <utility>

#include "muster/api/api_servers.h"
#include "muster/api/leader_mark.h"
#include "muster/base/log.h"
#include "muster/base/text.h"
#include "muster/kube/paths.h"

namespace muster::op {
namespace {

constexpr std::int64_t kPauseMs = 20;
constexpr std::int64_t kTimeoutMs = 1'000;  // of a dry run
constexpr std::size_t kMostTold = 20;

// A pod that every pod-security level admits; only ever sent as a dry run.  A ResourceQuota may ask
// for amounts, a LimitRange for larger ones: `sized` says whether it has any.
std::string ProbePod(std::int64_t epoch, bool sized) {
  const std::string needs = sized ? R"("resources":{"requests":{"cpu":"1m","memory":"1Mi"},)"
                                    R"("limits":{"cpu":"1m","memory":"1Mi"}},)"
                                  : "";
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"muster-fence-probe",)"
         R"("labels":{"scheduler.io/fenced":"true"},"annotations":{"scheduler.io/epoch":")" +
         std::to_string(epoch) +
         R"("}},"spec":{"schedulerName":"muster","securityContext":{"runAsNonRoot":true,)"
         R"("seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"main",)" +
         needs +
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

// False: it is refused for good, or may not go on.
bool FenceProbe::Mark(std::int64_t epoch, const std::function<bool()>& may_go_on) {
  while (may_go_on()) {
    kube::Call call;
    call.verb = kube::Verb::kMergePatch;
    call.path = ObjectPath(kube::kNamespaces, {}, options_.ns);
    call.body = api::RenderLeaderMark({options_.replica, epoch});
    call.lane = kube::Lane::kLease;
    call.timeout_ms = kTimeoutMs;
    const base::Result<std::string> answer = client_.Do(std::move(call));
    if (answer.ok()) return true;
    TakeTrouble("the leader's mark cannot be written", {}, answer.error().message);
    if (JudgeProbe(answer) == FenceAnswer::kFenced) return false;
    Pause();
  }
  return false;
}

// The configured way first.  With one API server it is the only one: whatever stands between, only
// that one can answer.  One address may also be that of a load balancer before several.
std::vector<FenceProbe::Server> FenceProbe::FindServers() {
  std::vector<Server> servers(1);
  kube::Call call;
  call.path = ObjectPath(kube::kEndpointSlices, "default", "kubernetes");
  const auto slice = client_.Do(std::move(call));
  std::vector<std::string> addresses;
  if (slice.ok()) addresses = api::HttpsAddresses(*slice);
  if (addresses.size() < 2) {
    const bool known = slice.ok() || slice.error().code == base::Code::kNotFound;  // not kept here
    if (!known || MaySpeakForMore()) servers.emplace_back().address = "unknown";
    return servers;
  }
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

// Every API server keeps a Lease that says who it is.  Where they keep none, one address is taken
// for one of them.
bool FenceProbe::MaySpeakForMore() {
  kube::Call call;
  call.path = CollectionPath(kube::kLeases, "kube-system");
  call.query =
      "labelSelector=" + kube::EscapeQuery("apiserver.kubernetes.io/identity=kube-apiserver");
  const auto leases = client_.Do(std::move(call));
  return !leases.ok() || api::LiveServers(*leases, clock_.Now()) > 1;
}

FenceAnswer FenceProbe::TryEpoch(Server& server, std::int64_t epoch) {
  kube::Call call;
  call.verb = kube::Verb::kCreate;
  call.path = CollectionPath(kube::kPods, options_.ns);
  call.query = "dryRun=All";
  call.body = ProbePod(epoch, sized_);
  call.lane = kube::Lane::kLease;
  call.timeout_ms = kTimeoutMs;
  kube::Client& client = server.own ? *server.own : client_;
  const base::Result<std::string> answer = client.Do(std::move(call));
  const FenceAnswer said = JudgeProbe(answer);
  if (said == FenceAnswer::kUnknown) {
    sized_ = !sized_;
    TakeTrouble("the probe of the fence got no answer about its epoch", server.address,
                answer.error().message);
  }
  return said;
}

// Each trouble is logged once, not each time.
void FenceProbe::TakeTrouble(const std::string& what, const std::string& server,
                             const std::string& message) {
  {
    base::Lock lock(mutex_);
    trouble_ = message;
  }
  if (told_.size() >= kMostTold || !told_.insert(message).second) return;
  base::LogWarn(what, {{"namespace", options_.ns}, {"server", server}, {"error", message}});
}

std::string FenceProbe::trouble() const {
  base::Lock lock(mutex_);
  return trouble_;
}

void FenceProbe::Try(Server& server, std::int64_t epoch) {
  if (server.old == FenceAnswer::kFenced) return;
  if (!server.address.empty() && !server.own) return;
  const FenceAnswer fresh = TryEpoch(server, epoch);
  if (fresh != FenceAnswer::kUnknown) server.silent_since_ms = clock_.BootMs();
  server.old =
      fresh == FenceAnswer::kAccepted ? TryEpoch(server, epoch - 1) : FenceAnswer::kUnknown;
}

// None has said anything about an epoch for as long as a lease lasts.
bool FenceProbe::AllSilent(const std::vector<const Server*>& servers) {
  const std::int64_t since = clock_.BootMs() - options_.lease_duration_ms;
  for (const Server* server : servers) {
    if (server->silent_since_ms <= since) continue;
    const std::string name =
        server->address.empty() ? "that of the configured address" : server->address;
    TakeTrouble("an API server that answers does not fence yet", server->address,
                "API server " + name + " does not go by the leader's mark yet");
    return false;
  }
  return true;
}

void FenceProbe::Pause() {
  base::Mutex mutex;
  base::CondVar never;
  base::Lock lock(mutex);
  const std::int64_t until = clock_.BootMs() + kPauseMs;
  while (clock_.BootMs() < until) clock_.Wait(never, mutex, until);
}

std::optional<bool> FenceProbe::Run(std::int64_t epoch, const std::function<bool()>& may_go_on) {
  if (!Mark(epoch, may_go_on)) return std::nullopt;
  const std::int64_t begin = clock_.BootMs();
  std::vector<Server> servers = FindServers();
  for (Server& server : servers) server.silent_since_ms = begin;
  while (true) {
    for (Server& server : servers) {
      if (may_go_on()) Try(server, epoch);
    }
    std::vector<const Server*> open;
    for (const Server& server : servers) {
      if (server.old != FenceAnswer::kFenced) open.push_back(&server);
    }
    if (open.empty()) return true;
    if (!may_go_on()) return std::nullopt;
    const bool waited = clock_.BootMs() - begin >= options_.lease_duration_ms;
    // Without the policy every epoch is accepted: the lease's duration is all the fence there is.
    const bool none_fenced = open.size() == servers.size();
    if (waited && none_fenced && servers.front().old == FenceAnswer::kAccepted) return false;
    if (waited && AllSilent(open) && servers.front().old == FenceAnswer::kFenced) {
      std::vector<std::string> addresses;
      addresses.reserve(open.size());
      for (const Server* server : open) addresses.push_back(server->address);
      base::LogWarn(
          "API servers that could not be probed by their address have had a lease duration",
          {{"servers", base::Join(addresses, ", ")}});
      return true;
    }
    Pause();
  }
}

}  // namespace muster::op
