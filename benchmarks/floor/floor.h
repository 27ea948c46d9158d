// The bare client that the operator is measured against: the same writes, rendered by the same code
// and sent by the same client with as many in flight, and the same LISTs, but nothing is decided.
// benchmarks/control_plane_bench.py starts it; how long writes took is read from the audit log.
//
// Threads: a Floor belongs to one thread; answers arrive on threads of the transport.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "muster/api/job.h"
#include "muster/base/mutex.h"
#include "muster/base/result.h"
#include "muster/kube/client.h"
#include "muster/kube/transport.h"

namespace muster::floor {

struct Options {
  std::string mode;        // jobs, pods, life or list
  std::string kubeconfig;  // the user must hold the lease where pods or status are written
  std::string ns;
  std::string body_file;  // Job as JSON in which @NAME@ stands for its name
  std::string prefix = "job";
  std::string tenant = "bench";
  std::int64_t epoch = 1;  // of the leader as whom it writes
  int count = 1;
  int in_flight = 64;  // jobs, pods: requests; life: jobs, each one request at a time
  double rate = 0;     // jobs, life: a second; 0: as fast as it goes
};

// Counts answers and keeps the first refusal.
class Tally {
 public:
  void Add(const base::Result<std::string>& answer);
  void AddError(const std::string& message);
  std::int64_t ok() const { return ok_; }
  std::int64_t failed() const { return failed_; }
  std::string first_error() const;

 private:
  std::atomic<std::int64_t> ok_{0};
  std::atomic<std::int64_t> failed_{0};
  mutable base::Mutex mutex_;
  std::string first_error_ GUARDED_BY(mutex_);
};

// Jobs of `body`, `count` of them, at `rate`.
void CreateJobs(kube::Client& client, const Options& options, Tally& tally);
// A pod for every index of every Job in the namespace, dealt out over all nodes in turn.  All are
// rendered before the first is sent.
void CreatePods(kube::Client& client, const Options& options, Tally& tally);
// Everything that is written in the life of a Job of one pod: the Job, its pod, the event, status
// Running, status Succeeded; one after the other for each, `in_flight` jobs at a time.
void LiveJobs(kube::Client& client, const Options& options, Tally& tally);

// What a LIST of everything was: how many objects, how long it took, and what the process has in
// memory while it keeps them.
struct Listed {
  std::int64_t objects = 0;
  double seconds = 0;
  double resident_mib = 0;
};
Listed ListAll(kube::Transport& transport, Tally& tally);

// `body` with the name of job number `i` put in.
std::string NamedBody(const std::string& body, const Options& options, int i);
// The whole file; aborts with a message when it cannot be read.
std::string ReadBody(const std::string& path);
// Names of all nodes.
std::vector<std::string> NodeNames(kube::Client& client);
// Waits until item `i` is due at `rate` a second since `begin_ms`.
void Pace(std::int64_t begin_ms, int i, double rate);
// Pod JSON of one index of a Job, as the operator renders it for attempt 1.
base::Result<std::string> PodOf(const api::Job& job, const Options& options, std::int32_t task,
                                std::int32_t index, const std::string& node);

}  // namespace muster::floor
