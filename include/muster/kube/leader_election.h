// One leader among the replicas: a coordination.k8s.io/v1 Lease, over a connection of its own.
//
// A Lease alone is no fence: a frozen leader may wake and write.  Its number, leaseTransitions, is
// the epoch that the API server checks on every write (docs/concepts/fencing.md); here every
// acquisition raises it, also by the same replica.  When a holder is taken for dead is judged by
// how long the Lease has not changed on our own clock, never by comparing clocks of two machines.
//
// Threads: Start makes one; Step is what it repeats (tests call it instead of Start).  MayWrite and
// epoch from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "muster/base/clock.h"
#include "muster/base/mutex.h"
#include "muster/base/result.h"
#include "muster/kube/client.h"

namespace muster::kube {

// lease_duration > renew_deadline > retry_period, all in milliseconds.
struct LeaderElectionOptions {
  std::string ns;
  std::string name;
  std::string identity;  // of the replica; "_<random>" is added for this process
  std::int64_t lease_duration_ms = 15'000;
  std::int64_t renew_deadline_ms = 10'000;
  std::int64_t retry_period_ms = 2'000;
};

// Called on the elector's thread, each at most once.
struct LeaderCallbacks {
  std::function<void(std::int64_t epoch)> on_acquired;
  std::function<void()> on_lost;  // after on_acquired; the process is expected to end
};

// The fields of a Lease that are used (lease_json.cc).
struct Lease {
  std::string resource_version;
  std::string holder;
  std::int64_t transitions = 0;
  std::int64_t duration_seconds = 0;
  base::TimePoint acquired;
  base::TimePoint renewed;
};
base::Result<Lease> DecodeLease(const std::string& json);
std::string EncodeLease(const LeaderElectionOptions& options, const Lease& lease);

class LeaderElector {
 public:
  LeaderElector(std::shared_ptr<Transport> transport, const base::Clock& clock,
                LeaderElectionOptions options);
  ~LeaderElector();
  LeaderElector(const LeaderElector&) = delete;
  LeaderElector& operator=(const LeaderElector&) = delete;

  void Start(LeaderCallbacks callbacks);
  // Ends the thread; gives the Lease back if it is held, so that the next one need not wait.
  void Stop();

  // One attempt to get or renew the Lease; returns after how many ms the next one is due.
  std::int64_t Step();

  // True while a renewal has succeeded less than renew_deadline ago (CLOCK_BOOTTIME, counted from
  // the moment the renewal was sent).  One atomic read and one clock.
  bool MayWrite() const;
  // Writes leaseTransitions above `above` and returns it: the leader's final epoch.
  base::Result<std::int64_t> RaiseEpoch(std::int64_t above);
  std::int64_t epoch() const { return epoch_.load(); }
  const std::string& holder_identity() const { return holder_; }

 private:
  base::Result<Lease> Read();
  base::Result<Lease> Write(const Lease& lease, bool create) REQUIRES_LOCK(mutex_);
  void TryAcquire() REQUIRES_LOCK(mutex_);
  void Renew() REQUIRES_LOCK(mutex_);
  void Held(const Lease& lease, std::int64_t sent_ms) REQUIRES_LOCK(mutex_);
  void RunCallbacks();
  void Loop();

  const base::Clock& clock_;
  const LeaderElectionOptions options_;
  const std::string holder_;
  Client client_;
  LeaderCallbacks callbacks_;
  std::atomic<std::int64_t> deadline_ms_{0};  // BootMs until which writes are allowed
  std::atomic<std::int64_t> epoch_{0};
  base::Mutex mutex_;  // held during requests: one writer of the Lease at a time
  Lease lease_ GUARDED_BY(mutex_);
  bool held_ GUARDED_BY(mutex_) = false;
  std::string seen_version_ GUARDED_BY(mutex_);
  std::int64_t seen_since_ms_ GUARDED_BY(mutex_) = 0;
  bool told_acquired_ = false;  // callbacks, by the stepping thread
  bool told_lost_ = false;
  base::Mutex stop_mutex_;
  base::CondVar stop_wake_;
  bool stop_ GUARDED_BY(stop_mutex_) = false;
  std::thread thread_;
};

}  // namespace muster::kube
