#include "leadership.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "drift.h"
#include "muster/api/leader_mark.h"
#include "muster/base/log.h"

namespace muster::op {
namespace {

constexpr std::int64_t kCountingPatienceMs = 10'000;

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

Leadership::Leadership(kube::LeaderElector& elector, FenceProbe& fence, Watches& watches,
                       state::ClusterState& state, EventLoop& loop, std::string ns)
    : elector_(elector),
      fence_(fence),
      watches_(watches),
      state_(state),
      loop_(loop),
      ns_(std::move(ns)) {}

Leadership::~Leadership() {
  if (probe_.joinable()) probe_.join();
}

std::string DescribeRole(Role role, const std::string& holder, const std::string& trouble) {
  const std::string word(ToString(role));
  if (role == Role::kProbing && !trouble.empty()) return word + ": " + trouble;
  if (role == Role::kStandby && !holder.empty()) return word + ", " + holder + " leads";
  return word;
}

std::string Leadership::Describe() const {
  return DescribeRole(role_, elector_.holder(), fence_.trouble());
}

void Leadership::OnAcquired(std::int64_t epoch) {
  acquired_ = true;
  epoch_ = epoch;
}

std::int64_t Leadership::MarkedEpoch() const {
  const auto ns = state_.namespaces().find(ns_);
  return ns == state_.namespaces().end() ? 0 : api::ReadLeaderMark(ns->second).epoch;
}

// The watch may show ours late.
bool Leadership::MarkLost() {
  if (role_ != Role::kCounting && role_ != Role::kLeading) return overtaken_;
  const std::int64_t marked = MarkedEpoch();
  if (marked == epoch_) mark_seen_ = true;
  return marked > epoch_ || (mark_seen_ && marked != epoch_);
}

bool Leadership::Step() {
  if (role_ == Role::kStandby && acquired_ && watches_.AllSynced()) {
    base::LogInfo("lease acquired, listing", {{"epoch", std::to_string(epoch_)}});
    watches_.Relist();
    role_ = Role::kListing;
  }
  if (role_ == Role::kListing && watches_.Fresh()) {
    role_ = Role::kProbing;
    const std::int64_t highest = std::max(state_.highest_epoch(), MarkedEpoch());
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
  base::LogInfo("leading", {{"epoch", std::to_string(epoch_)},
                            {"fenced", fenced_ ? "yes" : "no"},
                            {"drift", std::to_string(FindDrift(state_).size())}});
  return true;
}

void Leadership::Probe(std::int64_t highest) {
  std::int64_t epoch = epoch_;
  if (epoch <= highest) {
    const base::Result<std::int64_t> raised = elector_.RaiseEpoch(highest);
    if (raised.ok()) epoch = *raised;
  }
  const std::optional<bool> fenced = fence_.Run(epoch, [this] { return elector_.MayWrite(); });
  if (!fenced) {
    loop_.Post([this] { overtaken_ = true; });  // or the lease is lost: the process ends either way
    return;
  }
  if (!*fenced) base::LogWarn("the fence policy is not in force: old epochs are accepted");
  loop_.Post([this, epoch, fenced = *fenced] {
    epoch_ = epoch;
    fenced_ = fenced;
    probed_ = true;
  });
}

}  // namespace muster::op
