#include "muster/kube/leader_election.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <random>
#include <thread>

#include "lease_json.h"
#include "muster/base/check.h"
#include "muster/base/hash.h"
#include "muster/base/mutex.h"
#include "muster/kube/paths.h"
#include "status_json.h"

namespace muster::kube {
namespace {

using base::Code;
using base::Error;
using base::Lock;

constexpr std::int64_t kLookMs = 500;  // a follower looks at least so often

// The answer to one request, shared with the transport: a request may be given up.
struct Answer {
  base::Mutex mutex;
  base::CondVar changed;
  std::optional<base::Result<Response>> value GUARDED_BY(mutex);
};

std::string WithRandom(const std::string& replica) {
  std::random_device random;
  const std::string seed = std::to_string(random()) + "." + std::to_string(random());
  return replica + "_" + base::HashText(seed, 10);
}

}  // namespace

struct LeaderElector::Impl {
  Impl(std::shared_ptr<Transport> t, const base::Clock& c, LeaderElectionOptions o)
      : transport(std::move(t)),
        clock(c),
        options(std::move(o)),
        identity(WithRandom(options.identity)) {}

  void Run();
  std::int64_t Follow();
  bool Lead();
  void TakeLease();
  void Lose(const std::string& why);
  void Release();
  base::Result<Lease> Exchange(const std::string& method, const std::string& body);
  base::Result<Lease> Write(std::int64_t transitions, bool acquired);
  void Adopt(const Lease& lease);
  bool Renew();
  void AnswerRaise() REQUIRES_LOCK(mutex);
  bool Sleep(std::int64_t until_boot_ms);
  std::int64_t WantedTransitions();

  const std::shared_ptr<Transport> transport;
  const base::Clock& clock;
  const LeaderElectionOptions options;
  const std::string identity;
  LeaderCallbacks callbacks;  // set before the thread starts

  // Owned by the thread.
  Lease lease;  // as last seen
  bool lease_exists = false;
  std::int64_t seen_change_ms = 0;  // BootMs when `lease` was last seen to change
  std::int64_t sent_ms = 0;         // BootMs when the last request was sent
  std::int64_t next_renewal_ms = 0;
  bool renewal_failed = false;

  std::atomic<std::int64_t> deadline_ms{0};  // writes are allowed before it; 0: never
  std::atomic<std::int64_t> epoch{0};        // 0: not leading

  mutable base::Mutex mutex;
  base::CondVar changed;
  bool stopping GUARDED_BY(mutex) = false;
  std::string lost GUARDED_BY(mutex);  // why; empty: it was not
  std::string holder GUARDED_BY(mutex);
  std::int64_t raise_above GUARDED_BY(mutex) = -1;  // the highest asked for, -1: nothing
  std::thread thread;
};

void LeaderElector::Impl::Run() {
  while (true) {
    if (epoch.load() == 0) {
      if (!Sleep(Follow())) break;
      continue;
    }
    if (!Lead()) return;
    if (!Sleep(next_renewal_ms)) break;
  }
  if (epoch.load() > 0) Release();
}

// Sleeps; false when stopped.  Someone who waits for RaiseEpoch wakes a leader.
bool LeaderElector::Impl::Sleep(std::int64_t until_boot_ms) {
  Lock lock(mutex);
  while (!stopping && clock.BootMs() < until_boot_ms) {
    if (raise_above >= 0 && epoch.load() > 0 && !renewal_failed) break;
    clock.Wait(changed, mutex, until_boot_ms);
  }
  return !stopping;
}

// One request, given up after the time that a leader's request may take.
base::Result<Lease> LeaderElector::Impl::Exchange(const std::string& method,
                                                  const std::string& body) {
  const bool create = method == "POST";
  const std::string path =
      create ? CollectionPath(kLeases, options.ns) : ObjectPath(kLeases, options.ns, options.name);
  const char* type = method == "PATCH" ? "application/merge-patch+json" : "application/json";
  const std::int64_t timeout = options.RequestTimeoutMs();
  auto answer = std::make_shared<Answer>();
  sent_ms = clock.BootMs();
  transport->Send({method, path, body, body.empty() ? "" : type, timeout},
                  [answer](base::Result<Response> value) {
                    Lock lock(answer->mutex);
                    answer->value = std::move(value);
                    answer->changed.notify_all();
                  });
  Lock lock(answer->mutex);
  while (!answer->value && clock.BootMs() < sent_ms + timeout) {
    clock.Wait(answer->changed, answer->mutex, sent_ms + timeout);
  }
  if (!answer->value) return Error{Code::kUnavailable, "no answer in time"};
  const base::Result<Response>& value = *answer->value;
  if (!value.ok()) return value.error();
  if (value->status < 200 || value->status > 299) return ToError(*value);
  return ParseLease(value->body);
}

base::Result<Lease> LeaderElector::Impl::Write(std::int64_t transitions, bool acquired) {
  const LeaseWrite write{identity, options.lease_duration_ms, transitions, clock.Now(), acquired};
  if (!lease_exists) return Exchange("POST", NewLeaseJson(options.ns, options.name, write));
  return Exchange("PATCH", LeasePatchJson(lease.resource_version, write));
}

void LeaderElector::Impl::Adopt(const Lease& seen) {
  if (!lease_exists || seen.resource_version != lease.resource_version) {
    seen_change_ms = clock.BootMs();
  }
  lease = seen;
  lease_exists = true;
  Lock lock(mutex);
  holder = lease.holder;
}

// Looks once and takes the Lease if it may; returns when to look again.
std::int64_t LeaderElector::Impl::Follow() {
  const base::Result<Lease> seen = Exchange("GET", "");
  const std::int64_t now = clock.BootMs();
  // A leader that ends gives the Lease back: the sooner that is seen the shorter the gap.
  const std::int64_t again = now + std::min(options.retry_period_ms, kLookMs);
  if (seen.ok()) {
    Adopt(*seen);
  } else if (seen.error().code == Code::kNotFound) {
    lease_exists = false;
    lease = {};
  } else {
    return again;
  }
  const std::int64_t duration =
      lease.duration_ms > 0 ? lease.duration_ms : options.lease_duration_ms;
  const std::int64_t expires = seen_change_ms + duration;
  // Our own name is there if the answer to an acquisition was lost.
  const bool is_free = !lease_exists || lease.holder.empty() || lease.holder == identity;
  if (!is_free && now < expires) return std::min(again, expires);
  TakeLease();
  return epoch.load() > 0 ? clock.BootMs() : again;
}

void LeaderElector::Impl::TakeLease() {
  const base::Result<Lease> taken = Write(lease.transitions + 1, /*acquired=*/true);
  if (!taken.ok()) return;
  Adopt(*taken);
  if (lease.holder != identity) return;
  deadline_ms.store(sent_ms + options.renew_deadline_ms);
  next_renewal_ms = sent_ms + options.retry_period_ms;
  epoch.store(lease.transitions);
  if (callbacks.on_acquired) callbacks.on_acquired(lease.transitions);
}

// One turn of a leader: renews if that is due or a higher epoch is wanted.  False when it has lost.
bool LeaderElector::Impl::Lead() {
  if (clock.BootMs() >= deadline_ms.load()) {
    Lose("the lease was not renewed in time");
    return false;
  }
  const bool raise = WantedTransitions() > lease.transitions;
  if ((raise || clock.BootMs() >= next_renewal_ms) && !Renew()) return false;
  Lock lock(mutex);
  if (raise_above >= 0 && raise_above < lease.transitions) AnswerRaise();
  return true;
}

std::int64_t LeaderElector::Impl::WantedTransitions() {
  Lock lock(mutex);
  return std::max(lease.transitions, raise_above + 1);
}

void LeaderElector::Impl::AnswerRaise() {
  raise_above = -1;
  changed.notify_all();
}

// False when the Lease is lost; a failed attempt alone is none.
bool LeaderElector::Impl::Renew() {
  base::Result<Lease> written = Write(WantedTransitions(), /*acquired=*/false);
  const std::int64_t renewed_at = sent_ms;
  next_renewal_ms = clock.BootMs() + options.retry_period_ms;
  renewal_failed = !written.ok();
  if (written.ok()) {
    Adopt(*written);
    deadline_ms.store(renewed_at + options.renew_deadline_ms);
    epoch.store(lease.transitions);
    return true;
  }
  if (written.error().code == Code::kNotFound) {
    Lose("the lease was deleted");
    return false;
  }
  // Somebody wrote in between, or the answer was lost: look who holds it now.
  const base::Result<Lease> seen = Exchange("GET", "");
  if (seen.ok() && seen->holder != identity) {
    Lose("the lease was taken by \"" + seen->holder + "\"");
    return false;
  }
  if (seen.ok()) {
    Adopt(*seen);
    epoch.store(lease.transitions);
    if (written.error().code == Code::kConflict) next_renewal_ms = clock.BootMs();
  }
  next_renewal_ms = std::min(next_renewal_ms, deadline_ms.load());
  return true;
}

void LeaderElector::Impl::Lose(const std::string& why) {
  deadline_ms.store(0);
  epoch.store(0);
  {
    Lock lock(mutex);
    lost = why;
    changed.notify_all();
  }
  if (callbacks.on_lost) callbacks.on_lost();
}

// Gives the Lease back; a failure only costs the successor the wait.
void LeaderElector::Impl::Release() {
  deadline_ms.store(0);
  epoch.store(0);
  const LeaseWrite write{"", 1'000, lease.transitions, clock.Now(), false};
  static_cast<void>(Exchange("PATCH", LeasePatchJson(lease.resource_version, write)));
}

LeaderElector::LeaderElector(std::shared_ptr<Transport> transport, const base::Clock& clock,
                             LeaderElectionOptions options)
    : impl_(std::make_unique<Impl>(std::move(transport), clock, std::move(options))) {
  const LeaderElectionOptions& o = impl_->options;
  MUSTER_CHECK(!o.identity.empty() && 0 < o.retry_period_ms);
  MUSTER_CHECK(o.retry_period_ms < o.renew_deadline_ms);
  MUSTER_CHECK(o.renew_deadline_ms < o.lease_duration_ms);
}

LeaderElector::~LeaderElector() { Stop(); }

void LeaderElector::Start(LeaderCallbacks callbacks) {
  impl_->callbacks = std::move(callbacks);
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

void LeaderElector::Stop() {
  {
    Lock lock(impl_->mutex);
    impl_->stopping = true;
    impl_->changed.notify_all();
  }
  if (impl_->thread.joinable()) impl_->thread.join();
}

bool LeaderElector::MayWrite() const {
  const std::int64_t deadline = impl_->deadline_ms.load();
  return deadline > 0 && impl_->clock.BootMs() < deadline;
}

const std::string& LeaderElector::holder_identity() const { return impl_->identity; }

std::string LeaderElector::lost_reason() const {
  Lock lock(impl_->mutex);
  return impl_->lost;
}

std::int64_t LeaderElector::epoch() const { return impl_->epoch.load(); }

std::string LeaderElector::holder() const {
  Lock lock(impl_->mutex);
  return impl_->holder;
}

base::Result<std::int64_t> LeaderElector::RaiseEpoch(std::int64_t above) {
  Lock lock(impl_->mutex);
  while (!impl_->stopping && impl_->lost.empty()) {
    const std::int64_t now = impl_->epoch.load();
    if (now == 0) break;
    if (now > above) return now;
    impl_->raise_above = std::max(impl_->raise_above, above);
    impl_->changed.notify_all();
    impl_->clock.Wait(impl_->changed, impl_->mutex, base::kForever);
  }
  return Error{Code::kForbidden, "this replica does not hold the lease"};
}

}  // namespace muster::kube
