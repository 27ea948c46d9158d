// What Muster says to the API server besides watching: reads, writes and their priorities.  HTTP
// statuses become base::Error codes; a Status body becomes Error::message (its `message` field).
//
// Threads: every method may be called from any thread; callbacks run on transport threads and must
// not block.  Ownership: the Client must outlive its outstanding calls (its destructor waits).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "muster/base/clock.h"
#include "muster/base/result.h"
#include "muster/kube/transport.h"

namespace muster::kube {

// Which write goes first when the rate limit holds some back; lower goes first.
enum class Lane { kLease, kPods, kCommit, kTerminal, kRest };

enum class Verb { kGet, kCreate, kUpdate, kMergePatch, kJsonPatch, kApply, kDelete };

struct Call {
  Verb verb = Verb::kGet;
  std::string path;   // see paths.h; subresource included
  std::string query;  // without "?", e.g. "dryRun=All&fieldValidation=Strict"
  std::string body;   // JSON; for kDelete the DeleteOptions or empty
  Lane lane = Lane::kRest;
  std::int64_t timeout_ms = 5'000;
};

using CallDone = std::function<void(base::Result<std::string> body)>;

struct ClientLimits {
  double requests_per_second = 2'000;  // writes; kLease is never held back
  int burst = 2'000;
  int max_in_flight = 64;
};

class Client {
 public:
  Client(std::shared_ptr<Transport> transport, const base::Clock& clock, ClientLimits limits);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Asked immediately before each write is sent (not for reads): false refuses it with kForbidden.
  // The leader's deadline check.  Set before the first Submit.
  void SetWriteGate(std::function<bool()> may_write);

  // Sends in the order of lane, then of submission.  A 429 is retried after its Retry-After (or
  // back-off) up to 5 times, holding back the lanes below kLease meanwhile; nothing else is retried.
  void Submit(Call call, CallDone done);

  // Submit and wait.  For start-up, tests and leader election; never on the owner thread.
  base::Result<std::string> Do(Call call);

  // Calls that are queued or in flight.
  int outstanding() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::kube
