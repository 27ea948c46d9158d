// One leader among replicas, by a coordination.k8s.io Lease.
//
// A follower takes the Lease when it is free, or when it has not changed for its whole duration by
// the follower's own clock: clocks of two machines are never compared.  Every acquisition, also by
// the replica that had it before, raises leaseTransitions: that number is the epoch.  A leader may
// write until `renew_deadline_ms` after it sent its last successful renewal, on CLOCK_BOOTTIME, so
// a process that was frozen finds its time gone.  Who loses the Lease does not get it back: end the
// process.
//
// Threads: one of its own, on which the callbacks run; they must not block, nor call RaiseEpoch or
// Stop.  MayWrite takes no lock.  Ownership: give it a transport with connections of its own; the
// clock must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "muster/base/clock.h"
#include "muster/base/result.h"
#include "muster/kube/transport.h"

namespace muster::kube {

// REQUIRES: 0 < retry_period_ms < renew_deadline_ms < lease_duration_ms.
struct LeaderElectionOptions {
  std::string ns = {};
  std::string name = {};
  std::string identity = {};                // of the replica; "_<random>" is added for this process
  std::int64_t lease_duration_ms = 15'000;  // whole seconds on the wire, rounded up
  std::int64_t renew_deadline_ms = 10'000;
  std::int64_t retry_period_ms = 2'000;

  // No write of a leader may take longer: then it ends before a successor can begin.
  std::int64_t RequestTimeoutMs() const { return (lease_duration_ms - renew_deadline_ms) * 9 / 10; }
};

// Each is called at most once.
struct LeaderCallbacks {
  std::function<void(std::int64_t epoch)> on_acquired;
  // After on_acquired; not called by Stop.  lost_reason() says why.
  std::function<void()> on_lost;
};

class LeaderElector {
 public:
  LeaderElector(std::shared_ptr<Transport> transport, const base::Clock& clock,
                LeaderElectionOptions options);
  ~LeaderElector();  // stops
  LeaderElector(const LeaderElector&) = delete;
  LeaderElector& operator=(const LeaderElector&) = delete;

  void Start(LeaderCallbacks callbacks);
  // Ends the election; a leader gives the Lease back (no holder), so that a successor takes over at
  // its next look.  REQUIRES: no write of this leader is under way any more.
  void Stop();

  // True while this process leads and its renewal deadline has not passed.
  bool MayWrite() const;
  // The epoch while leading, else 0.
  std::int64_t epoch() const;
  // Who holds the Lease as far as known; empty: nobody.
  std::string holder() const;
  // What this process calls itself: "<replica>_<ten random letters and digits>".
  const std::string& holder_identity() const;
  // One clause; empty unless the Lease was lost.
  std::string lost_reason() const;

  // Writes leaseTransitions above `above` unless it is already, and returns the epoch.  Waits for
  // the API server.  kForbidden when this process does not lead (any more).
  base::Result<std::int64_t> RaiseEpoch(std::int64_t above);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::kube
