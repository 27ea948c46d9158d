// One dispatcher thread takes the first call that may go out now and hands it to the transport, so
// the order of lanes is strict and whoever submits pays for a push into a queue only.
#include "muster/kube/client.h"

#include <algorithm>
#include <array>
#include <deque>
#include <future>
#include <optional>
#include <thread>

#include "backoff.h"
#include "muster/base/log.h"
#include "muster/base/mutex.h"
#include "status_json.h"

namespace muster::kube {
namespace {

using base::Code;
using base::Error;
using base::Lock;

constexpr int kMaxThrottleRetries = 5;
constexpr std::int64_t kFirstRetryMs = 500;
constexpr std::int64_t kMaxRetryMs = 30'000;  // by our own back-off
constexpr std::int64_t kCalmMs = 60'000;      // without a 429: the next one is told

struct Wire {
  const char* method;
  const char* content_type;
  const char* label;
};

Wire ToWire(Verb verb) {
  switch (verb) {
    case Verb::kGet:
      return {"GET", "", "get"};
    case Verb::kCreate:
      return {"POST", "application/json", "create"};
    case Verb::kMergePatch:
      return {"PATCH", "application/merge-patch+json", "patch"};
    case Verb::kApply:
      return {"PATCH", "application/apply-patch+yaml", "apply"};
    case Verb::kDelete:
      return {"DELETE", "application/json", "delete"};
  }
  return {"GET", "", "get"};
}

// Bounds the writes of a second; `burst` of them may come at once after a quiet time.
class TokenBucket {
 public:
  TokenBucket(ClientLimits limits, std::int64_t now_ms)
      : rate_per_ms_(limits.requests_per_second / 1000),
        burst_(std::max(1, limits.burst)),
        tokens_(burst_),
        filled_ms_(now_ms) {}

  // When the next token is there: `now_ms` if there is one already.
  std::int64_t ReadyMs(std::int64_t now_ms) {
    tokens_ = std::min(burst_, tokens_ + rate_per_ms_ * static_cast<double>(now_ms - filled_ms_));
    filled_ms_ = now_ms;
    if (tokens_ >= 1) return now_ms;
    return now_ms + 1 + static_cast<std::int64_t>((1 - tokens_) / rate_per_ms_);
  }
  void Take() { tokens_ -= 1; }

 private:
  double rate_per_ms_;
  double burst_;
  double tokens_;
  std::int64_t filled_ms_;
};

}  // namespace

bool ExceedsQuota(const base::Error& error) {
  return error.code == Code::kForbidden &&
         error.message.find("exceeded quota") != std::string::npos;
}

std::string_view ToString(Verb verb) { return ToWire(verb).label; }

struct Client::Impl {
  struct Job {
    Call call;
    CallDone done;
    int retries = 0;
    std::int64_t not_before_ms = 0;
  };

  Impl(std::shared_ptr<Transport> wire, const base::Clock& c, ClientLimits l)
      : transport(std::move(wire)), clock(c), limits(l), bucket(l, c.BootMs()) {}

  void Run();
  bool PopReady(Job& job, std::int64_t& wake_ms) REQUIRES_LOCK(mutex);
  void SendOne(Job job);
  void OnAnswer(const std::shared_ptr<Job>& job, std::int64_t sent_ms,
                base::Result<Response> answer);
  bool RetryLater(const std::shared_ptr<Job>& job, const base::Result<Response>& answer);
  void Record(const Call& call, int status, std::int64_t took_ms) REQUIRES_LOCK(mutex);
  void Finished();
  void FailQueued();
  int Outstanding() const REQUIRES_LOCK(mutex) {
    int count = counted.in_flight;
    for (const auto& lane : lanes) count += static_cast<int>(lane.size());
    return count;
  }

  const std::shared_ptr<Transport> transport;
  const base::Clock& clock;
  const ClientLimits limits;
  std::function<bool()> may_write;  // set before the first Submit

  mutable base::Mutex mutex;
  base::CondVar changed;
  TokenBucket bucket GUARDED_BY(mutex);
  std::array<std::deque<Job>, kLanes> lanes GUARDED_BY(mutex);
  std::int64_t hold_until_ms GUARDED_BY(mutex) = 0;  // lanes below kLease
  std::int64_t throttled_ms GUARDED_BY(mutex) = 0;   // BootMs of the last 429
  ClientStats counted GUARDED_BY(mutex);
  bool stopping GUARDED_BY(mutex) = false;
  std::uint64_t jitter GUARDED_BY(mutex) = 1;
  std::thread thread;
};

void Client::Impl::Run() {
  while (true) {
    Job job;
    {
      Lock lock(mutex);
      std::int64_t wake_ms = base::kForever;
      while (!stopping && !PopReady(job, wake_ms)) {
        clock.Wait(changed, mutex, wake_ms);
        wake_ms = base::kForever;
      }
      if (stopping) return;
      ++counted.in_flight;
    }
    SendOne(std::move(job));
  }
}

// The first call in lane order that may go now; else the moment when to look again.
bool Client::Impl::PopReady(Job& job, std::int64_t& wake_ms) {
  const std::int64_t now = clock.BootMs();
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    if (lanes[lane].empty()) continue;
    Job& front = lanes[lane].front();
    const bool lease = lane == static_cast<std::size_t>(Lane::kLease);
    if (!lease && counted.in_flight >= limits.max_in_flight) continue;
    const bool limited = !lease && front.call.verb != Verb::kGet;
    std::int64_t ready = front.not_before_ms;
    if (!lease) ready = std::max(ready, hold_until_ms);
    if (limited) ready = std::max(ready, bucket.ReadyMs(now));
    if (ready > now) {
      wake_ms = std::min(wake_ms, ready);
      continue;
    }
    if (limited) bucket.Take();
    job = std::move(front);
    lanes[lane].pop_front();
    return true;
  }
  return false;
}

void Client::Impl::SendOne(Job job) {
  const Call& call = job.call;
  if (call.verb != Verb::kGet && may_write && !may_write()) {
    {
      Lock lock(mutex);
      ++counted.refused_by_gate;
    }
    // Not for good: a renewal that is under way may yet be answered.
    job.done(Error{Code::kThrottled, "not sent: this replica is not sure to hold the lease"});
    Finished();
    return;
  }
  const Wire wire = ToWire(call.verb);
  Request request{wire.method, call.path, call.body, wire.content_type, call.timeout_ms};
  if (!call.query.empty()) request.path += "?" + call.query;
  if (call.verb != Verb::kGet && limits.max_write_timeout_ms > 0) {
    request.timeout_ms = std::min(request.timeout_ms, limits.max_write_timeout_ms);
  }
  auto shared = std::make_shared<Job>(std::move(job));
  const std::int64_t sent_ms = clock.BootMs();
  transport->Send(std::move(request), [this, shared, sent_ms](base::Result<Response> answer) {
    OnAnswer(shared, sent_ms, std::move(answer));
  });
}

void Client::Impl::OnAnswer(const std::shared_ptr<Job>& job, std::int64_t sent_ms,
                            base::Result<Response> answer) {
  {
    Lock lock(mutex);
    Record(job->call, answer.ok() ? answer->status : 0, clock.BootMs() - sent_ms);
  }
  if (RetryLater(job, answer)) return;
  if (!answer.ok()) {
    job->done(answer.error());
  } else if (answer->status >= 200 && answer->status < 300) {
    job->done(std::move(answer->body));
  } else {
    job->done(ToError(*answer));
  }
  Finished();
}

bool Client::Impl::RetryLater(const std::shared_ptr<Job>& job,
                              const base::Result<Response>& answer) {
  if (!answer.ok() || answer->status != 429 || IsDisruptionBudget(*answer)) return false;
  const std::int64_t asked = ToError(*answer).retry_after_ms;
  Lock lock(mutex);
  ++counted.throttled;
  const std::int64_t now = clock.BootMs();
  if (throttled_ms == 0 || now - throttled_ms > kCalmMs) {
    base::LogWarn("the API server has too much to do: writes wait",
                  {{"retry_after_ms", std::to_string(asked)}});
  }
  throttled_ms = now;
  if (stopping || job->retries >= kMaxThrottleRetries) return false;
  Backoff backoff(std::min(kMaxRetryMs, kFirstRetryMs << job->retries), kMaxRetryMs,
                  NextRandom(jitter));
  std::int64_t wait = std::max(asked, backoff.Next());
  // Who renews or wants a lease cannot be silent for longer than leases last.
  if (job->call.lane == Lane::kLease) wait = std::min(wait, kMaxRetryMs);
  job->not_before_ms = now + wait;
  ++job->retries;
  hold_until_ms = std::max(hold_until_ms, job->not_before_ms);
  lanes[static_cast<std::size_t>(job->call.lane)].push_front(std::move(*job));
  --counted.in_flight;
  changed.notify_all();
  return true;
}

void Client::Impl::Record(const Call& call, int status, std::int64_t took_ms) {
  counted.verbs[call.verb].Count(status, took_ms);
}

void Client::Impl::Finished() {
  Lock lock(mutex);
  --counted.in_flight;
  changed.notify_all();
}

void Client::Impl::FailQueued() {
  std::array<std::deque<Job>, kLanes> left;
  {
    Lock lock(mutex);
    left.swap(lanes);
  }
  for (auto& lane : left) {
    for (Job& job : lane) job.done(Error{Code::kUnavailable, "not sent: shutting down"});
  }
}

Client::Client(std::shared_ptr<Transport> transport, const base::Clock& clock, ClientLimits limits)
    : impl_(std::make_unique<Impl>(std::move(transport), clock, limits)) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

Client::~Client() {
  {
    Lock lock(impl_->mutex);
    impl_->stopping = true;
    impl_->changed.notify_all();
  }
  impl_->thread.join();
  impl_->FailQueued();
  Lock lock(impl_->mutex);
  while (impl_->counted.in_flight > 0) impl_->changed.wait(impl_->mutex);
}

void Client::SetWriteGate(std::function<bool()> may_write) {
  impl_->may_write = std::move(may_write);
}

void Client::Submit(Call call, CallDone done) {
  {
    Lock lock(impl_->mutex);
    if (!impl_->stopping) {
      const auto lane = static_cast<std::size_t>(call.lane);
      impl_->lanes[lane].push_back({std::move(call), std::move(done), 0, 0});
      impl_->changed.notify_all();
      return;
    }
  }
  done(Error{Code::kUnavailable, "not sent: shutting down"});
}

base::Result<std::string> Client::Do(Call call) {
  // Shared: the promise must outlive set_value, which may still run when get() returns.
  auto promise = std::make_shared<std::promise<base::Result<std::string>>>();
  auto future = promise->get_future();
  Submit(std::move(call),
         [promise](base::Result<std::string> body) { promise->set_value(std::move(body)); });
  return future.get();
}

int Client::outstanding() const {
  Lock lock(impl_->mutex);
  return impl_->Outstanding();
}

bool Client::WaitIdle(std::int64_t timeout_ms) {
  Lock lock(impl_->mutex);
  const std::int64_t until = impl_->clock.BootMs() + timeout_ms;
  while (impl_->Outstanding() > 0) {
    if (impl_->clock.BootMs() >= until) return false;
    impl_->clock.Wait(impl_->changed, impl_->mutex, until);
  }
  return true;
}

ClientStats Client::stats() const {
  Lock lock(impl_->mutex);
  return impl_->counted;
}

}  // namespace muster::kube
