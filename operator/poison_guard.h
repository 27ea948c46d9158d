// One object that cannot be handled never stops the others: what the work on it throws is counted,
// logged, and the object is looked at again after a back-off of its own.
//
// Threads: owner thread.
#pragma once

#include <functional>
#include <string>

#include "muster/kube/work_queue.h"
#include "muster/telemetry/metrics.h"

namespace muster::op {

class PoisonGuard {
 public:
  // Both outlive it.
  PoisonGuard(telemetry::Metrics& metrics, kube::WorkQueue& retries)
      : metrics_(metrics), retries_(retries) {}

  using Work = std::function<void()>;
  // Called with what was thrown, guarded itself.
  using Tell = std::function<void(const std::string& trouble)>;

  // Work on the object `what`: a letter for the kind, then its key.  When it throws, `what` is due
  // in the queue again after its back-off, which success resets.
  void Reconcile(const char* controller, const std::string& what, const Work& work,
                 const Tell& tell = {});
  // Work that comes back by itself.  False: it threw, which was counted, logged and put into
  // `trouble`.
  bool Survives(const char* controller, const std::string& key, const Work& work,
                std::string* trouble = nullptr);

 private:
  telemetry::Metrics& metrics_;
  kube::WorkQueue& retries_;
};

}  // namespace muster::op
