#include "leadership.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "muster/base/log.h"
#include "muster/kube/paths.h"

namespace muster::op {
namespace {

constexpr std::int64_t kProbePauseMs = 20;
constexpr std::int64_t kCountingPatienceMs = 10'000;

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

void Pause(std::int64_t ms) {
  base::Mutex mutex;
  base::CondVar never;
  base::Lock lock(mutex);
  never.wait_for(mutex, std::chrono::milliseconds(ms));
}

}  // namespace

std::string_view ToString(Role role) {
  switch (role) {
    case Role::kStandby:
      return "standby";
    case Role::kListing:
      return "listing";
    case Role::kProbing:
      return "probing the fence";
    case Role::kCounting:
      return "counting what is committed";
    case Role::kLeading:
      return "leading";
  }
  return "standby";
}

Leadership::Leadership(kube::LeaderElector& elector, kube::Client& client, Watches& watches,
                       state::ClusterState& state, EventLoop& loop, LeadershipOptions options)
    : elector_(elector),
      client_(client),
      watches_(watches),
      state_(state),
      loop_(loop),
      options_(std::move(options)) {}

Leadership::~Leadership() {
  if (probe_.joinable()) probe_.join();
}

void Leadership::OnAcquired(std::int64_t epoch) {
  acquired_ = true;
  epoch_ = epoch;
}

bool Leadership::Step() {
  if (role_ == Role::kStandby && acquired_ && watches_.AllSynced()) {
    base::LogInfo("lease acquired, listing", {{"epoch", std::to_string(epoch_)}});
    watches_.Relist();
    role_ = Role::kListing;
  }
  if (role_ == Role::kListing && watches_.Fresh()) {
    role_ = Role::kProbing;
    const std::int64_t highest = state_.highest_epoch();
    probe_ = std::thread([this, highest] { Probe(highest); });
  }
  if (role_ == Role::kProbing && probed_) {
    state_.SetBarrier(epoch_);
    state_.MarkAllJobs();
    counting_since_ms_ = state_.clock().BootMs();
    role_ = Role::kCounting;
    return false;
  }
  if (role_ != Role::kCounting) return false;
  const bool all = std::none_of(state_.jobs().begin(), state_.jobs().end(),
                                [](const auto& job) { return job.second.uncounted; });
  if (!all && state_.clock().BootMs() - counting_since_ms_ < kCountingPatienceMs) return false;
  role_ = Role::kLeading;
  // Where the size of what is committed is not known in time, the nodes take nothing new until it
  // is.
  if (!all) base::LogWarn("leading although not everything that is committed could be counted");
  base::LogInfo("leading", {{"epoch", std::to_string(epoch_)}, {"fenced", fenced_ ? "yes" : "no"}});
  return true;
}

FenceAnswer JudgeProbe(const base::Result<std::string>& answer) {
  if (answer.ok()) return FenceAnswer::kAccepted;
  const bool fence = answer.error().message.find("fenced: ") != std::string::npos;
  return fence ? FenceAnswer::kFenced : FenceAnswer::kUnknown;
}

FenceAnswer Leadership::TryEpoch(std::int64_t epoch) {
  kube::Call call;
  call.verb = kube::Verb::kCreate;
  call.path = CollectionPath(kube::kPods, options_.ns);
  call.query = "dryRun=All";
  call.body = ProbePod(epoch);
  call.lane = kube::Lane::kLease;
  const base::Result<std::string> answer = client_.Do(std::move(call));
  const FenceAnswer said = JudgeProbe(answer);
  if (said == FenceAnswer::kUnknown && answer.error().message != probe_trouble_) {
    probe_trouble_ = answer.error().message;  // each trouble once, not each time
    base::LogWarn("the probe of the fence got no answer about its epoch",
                  {{"namespace", options_.ns}, {"error", probe_trouble_}});
  }
  return said;
}

bool Leadership::SeveralServers() {
  kube::Call call;
  call.path = ObjectPath(kube::kEndpointSlices, "default", "kubernetes");
  const auto slice = client_.Do(std::move(call));
  if (!slice.ok()) return slice.error().code != base::Code::kNotFound;  // unknown: be careful
  std::size_t addresses = 0;
  for (std::size_t at = slice->find("\"addresses\""); at != std::string::npos;
       at = slice->find("\"addresses\"", at + 1)) {
    const std::size_t end = slice->find(']', at);
    addresses +=
        1 + std::count(slice->begin() + static_cast<std::ptrdiff_t>(at),
                       slice->begin() + static_cast<std::ptrdiff_t>(std::min(end, slice->size())),
                       ',');
  }
  return addresses > 1;
}

void Leadership::Probe(std::int64_t highest) {
  std::int64_t epoch = epoch_;
  if (epoch <= highest) {
    const base::Result<std::int64_t> raised = elector_.RaiseEpoch(highest);
    if (raised.ok()) epoch = *raised;
  }
  const std::int64_t begin = state_.clock().BootMs();
  // Each API server has its own copy of the Lease; only one of them answers us.
  const std::int64_t wait = SeveralServers() ? options_.lease_duration_ms : 0;
  bool fenced = false;
  while (true) {
    const bool accepts_new = TryEpoch(epoch) == FenceAnswer::kAccepted;
    const FenceAnswer old = accepts_new ? TryEpoch(epoch - 1) : FenceAnswer::kUnknown;
    fenced = old == FenceAnswer::kFenced;
    const std::int64_t spent = state_.clock().BootMs() - begin;
    if (fenced && spent >= wait) break;
    // Without the policy every epoch is accepted: the lease's duration is all the fence there is.
    if (old == FenceAnswer::kAccepted && spent >= options_.lease_duration_ms) break;
    if (!elector_.MayWrite()) return;  // the process is ending
    Pause(kProbePauseMs);
  }
  if (!fenced) base::LogWarn("the fence policy is not in force: old epochs are accepted");
  loop_.Post([this, epoch, fenced] {
    epoch_ = epoch;
    fenced_ = fenced;
    probed_ = true;
  });
}

}  // namespace muster::op
