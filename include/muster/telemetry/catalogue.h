// Every metric there is, one row each: docs/metrics.md is generated from this table, and the alert
// rules of manifests/monitoring may name nothing else.  Base units only; no label holds the name or
// UID of a job, a node or a pod.
//
// A new metric: one name in the enum, one row at the same place in catalogue.cc.
// Threads: constants.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster::telemetry {

enum class Metric {
  kBuild,
  kJobs,
  kQueueSize,
  kPendingJobs,
  kOldestPending,
  kSchedulingLatency,
  kCycleDuration,
  kPreemptions,
  kCommits,
  kPodsCreated,
  kPodsDeleted,
  kGpus,
  kGpuUtilization,
  kTenantGpusUsed,
  kTenantShare,
  kDrift,
  kOvercommittedNodes,
  kDecodeDrops,
  kPoisonObjects,
  kConfigReloads,
  kConfigRefused,
  kSeriesDropped,
  kReconciles,
  kReconcileTime,
  kQueueDepth,
  kRestRequests,
  kRestDuration,
  kLeader,
  kCpuSeconds,
  kResidentMemory,
  kVirtualMemory,
  kStartTime,
  kOpenFds,
  kMaxFds,
};

enum class Type { kCounter, kGauge, kHistogram };
std::string_view ToString(Type type);  // as Prometheus writes it

struct MetricRow {
  Metric id;
  std::string_view name;
  Type type;
  std::vector<std::string_view> labels;  // their order is that of the values given to Metrics
  std::string_view help;                 // one sentence
  std::vector<double> buckets;           // upper bounds, ascending; of histograms only
};

// In the order of the enum.
const std::vector<MetricRow>& Catalogue();
const MetricRow& RowOf(Metric metric);

// docs/metrics.md, whole.
std::string ReferenceMarkdown();

}  // namespace muster::telemetry
