// What Muster says to the API server besides watching: reads, writes and their priorities.  HTTP
// statuses become base::Error codes; a Status body becomes Error::message (its `message` field).
//
// Threads: every method may be called from any thread; callbacks run on transport threads and must
// not block.  Ownership: the Client must outlive its outstanding calls (its destructor waits).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "muster/base/clock.h"
#include "muster/base/result.h"
#include "muster/kube/request_stats.h"
#include "muster/kube/transport.h"

namespace muster::kube {

// Which write goes first when the rate limit holds some back; lower goes first.
enum class Lane { kLease, kPods, kCommit, kTerminal, kRest };
inline constexpr int kLanes = 5;

enum class Verb { kGet, kCreate, kMergePatch, kApply, kDelete };

struct Call {
  Verb verb = Verb::kGet;
  std::string path = {};   // see paths.h; subresource included
  std::string query = {};  // without "?", e.g. "dryRun=All&fieldValidation=Strict"
  std::string body = {};   // JSON; for kDelete the DeleteOptions or empty
  Lane lane = Lane::kRest;
  std::int64_t timeout_ms = 5'000;
};

using CallDone = std::function<void(base::Result<std::string> body)>;

struct ClientLimits {
  double requests_per_second = 2'000;  // writes; kLease is never held back
  int burst = 2'000;
  int max_in_flight = 64;  // kLease may exceed it
  // Bounds the timeout of every write; 0: the call's own.  A leader's writes must end before a
  // successor may begin: LeaderElectionOptions::RequestTimeoutMs.
  std::int64_t max_write_timeout_ms = 0;
};

// A snapshot for the metrics.
struct ClientStats {
  std::map<Verb, VerbStats> verbs;
  int in_flight = 0;
  std::int64_t throttled = 0;        // answers with 429, budgets of evictions apart
  std::int64_t refused_by_gate = 0;  // writes never sent
};

// Whether a core ResourceQuota refused the object; the API server says so in words alone.
bool ExceedsQuota(const base::Error& error);

// "get", "create", … as the metrics label them.
std::string_view ToString(Verb verb);

class Client {
 public:
  Client(std::shared_ptr<Transport> transport, const base::Clock& clock, ClientLimits limits);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Asked immediately before each write is sent (not for reads): false refuses it with kThrottled,
  // which is not known to be for good.  The leader's deadline check.  Set before the first Submit.
  void SetWriteGate(std::function<bool()> may_write);

  // Sends in the order of lane, then of submission.  A 429 is retried after its Retry-After (or
  // back-off, at most 30 s, where that is longer) up to 5 times, holding back the lanes below
  // kLease meanwhile, which itself never waits longer than 30 s; nothing else is retried.  An
  // Eviction refused by a PodDisruptionBudget comes back as kThrottled at once.
  void Submit(Call call, CallDone done);

  // Submit and wait.  For start-up, tests and leader election; never on the owner thread.
  base::Result<std::string> Do(Call call);

  // Calls that are queued or in flight.
  int outstanding() const;
  // Waits until there are none, at most `timeout_ms`; whether there are none.
  bool WaitIdle(std::int64_t timeout_ms);
  ClientStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::kube
