#include "muster/kube/leader_election.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "muster/base/hash.h"
#include "muster/base/log.h"
#include "muster/kube/paths.h"

namespace muster::kube {
namespace {

std::string WithRandom(const std::string& identity) {
  std::random_device random;
  return identity + "_" + base::HashText(std::to_string(random()) + std::to_string(random()), 8);
}

}  // namespace

LeaderElector::LeaderElector(std::shared_ptr<Transport> transport, const base::Clock& clock,
                             LeaderElectionOptions options)
    : clock_(clock),
      options_(std::move(options)),
      holder_(WithRandom(options_.identity)),
      client_(std::move(transport), clock, ClientLimits{}) {}

LeaderElector::~LeaderElector() { Stop(); }

void LeaderElector::Start(LeaderCallbacks callbacks) {
  callbacks_ = std::move(callbacks);
  thread_ = std::thread([this] { Loop(); });
}

void LeaderElector::Loop() {
  while (true) {
    const std::int64_t wait = Step();
    base::Lock lock(stop_mutex_);
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait);
    while (!stop_ && std::chrono::steady_clock::now() < until) {
      stop_wake_.wait_until(stop_mutex_, until);
    }
    if (stop_) return;
  }
}

void LeaderElector::Stop() {
  {
    base::Lock lock(stop_mutex_);
    stop_ = true;
  }
  stop_wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  base::Lock lock(mutex_);
  if (!held_ || !MayWrite()) return;
  held_ = false;
  deadline_ms_ = 0;
  Lease lease = lease_;
  lease.holder.clear();
  lease.renewed = clock_.Now();
  if (const auto written = Write(lease, false); !written.ok()) {
    base::LogWarn("the lease could not be given back", {{"error", written.error().message}});
  }
}

bool LeaderElector::MayWrite() const { return clock_.BootMs() < deadline_ms_.load(); }

std::int64_t LeaderElector::Step() {
  {
    base::Lock lock(mutex_);
    if (held_) {
      Renew();
    } else if (!told_acquired_) {
      TryAcquire();
    }
  }
  RunCallbacks();
  // Renewals are spread like attempts; a failed one is repeated at the same pace until the deadline.
  return options_.retry_period_ms;
}

void LeaderElector::RunCallbacks() {
  bool held = false;
  {
    base::Lock lock(mutex_);
    held = held_;
  }
  if (held && !told_acquired_) {
    told_acquired_ = true;
    if (callbacks_.on_acquired) callbacks_.on_acquired(epoch_.load());
  }
  if (told_acquired_ && !told_lost_ && (!held || !MayWrite())) {
    told_lost_ = true;
    deadline_ms_ = 0;
    if (callbacks_.on_lost) callbacks_.on_lost();
  }
}

base::Result<Lease> LeaderElector::Read() {
  Call call;
  call.path = ObjectPath(kLeases, options_.ns, options_.name);
  call.lane = Lane::kLease;
  call.timeout_ms = std::max<std::int64_t>(
      100, options_.lease_duration_ms - options_.renew_deadline_ms - 100);
  const auto body = client_.Do(std::move(call));
  if (!body.ok()) return body.error();
  return DecodeLease(*body);
}

base::Result<Lease> LeaderElector::Write(const Lease& lease, bool create) {
  Call call;
  call.verb = create ? Verb::kCreate : Verb::kUpdate;
  call.path = create ? CollectionPath(kLeases, options_.ns)
                     : ObjectPath(kLeases, options_.ns, options_.name);
  call.body = EncodeLease(options_, lease);
  call.lane = Lane::kLease;
  // Shorter than what lies between our own deadline and the moment another may take over.
  call.timeout_ms = std::max<std::int64_t>(
      100, options_.lease_duration_ms - options_.renew_deadline_ms - 100);
  const auto body = client_.Do(std::move(call));
  if (!body.ok()) return body.error();
  return DecodeLease(*body);
}

void LeaderElector::Held(const Lease& lease, std::int64_t sent_ms) {
  held_ = true;
  lease_ = lease;
  epoch_ = lease.transitions;
  deadline_ms_ = sent_ms + options_.renew_deadline_ms;
}

void LeaderElector::TryAcquire() {
  const std::int64_t sent = clock_.BootMs();
  const auto current = Read();
  Lease mine;
  const bool create = !current.ok() && current.error().code == base::Code::kNotFound;
  if (!current.ok() && !create) {
    base::LogDebug("lease cannot be read", {{"error", current.error().message}});
    return;
  }
  if (!create) {
    if (current->resource_version != seen_version_) {
      seen_version_ = current->resource_version;
      seen_since_ms_ = clock_.BootMs();
    }
    const std::int64_t duration = std::max<std::int64_t>(
        current->duration_seconds * 1000, options_.lease_duration_ms);
    const bool alive = !current->holder.empty() && clock_.BootMs() - seen_since_ms_ < duration;
    if (alive) return;
    mine = *current;
  }
  mine.holder = holder_;
  mine.transitions += 1;
  mine.acquired = clock_.Now();
  mine.renewed = mine.acquired;
  const auto written = Write(mine, create);
  if (written.ok()) Held(*written, sent);
}

void LeaderElector::Renew() {
  Lease next = lease_;
  next.renewed = clock_.Now();
  const std::int64_t sent = clock_.BootMs();
  auto written = Write(next, false);
  if (written.ok()) {
    Held(*written, sent);
    return;
  }
  if (written.error().code == base::Code::kConflict) {
    const auto current = Read();
    if (current.ok() && current->holder == holder_) {
      lease_ = *current;  // a write of ours whose answer was lost
      return;
    }
    if (current.ok()) held_ = false;
  } else if (written.error().code == base::Code::kNotFound) {
    held_ = false;  // deleted: whoever re-creates it starts from 0, we must not go on
  }
  base::LogWarn("the lease was not renewed", {{"error", written.error().message}});
}

base::Result<std::int64_t> LeaderElector::RaiseEpoch(std::int64_t above) {
  base::Lock lock(mutex_);
  if (!held_) return base::Error{base::Code::kForbidden, "the lease is not held"};
  Lease next = lease_;
  next.transitions = std::max(next.transitions, above + 1);
  next.renewed = clock_.Now();
  const std::int64_t sent = clock_.BootMs();
  const auto written = Write(next, false);
  if (!written.ok()) return written.error();
  Held(*written, sent);
  return written->transitions;
}

}  // namespace muster::kube
