#include "muster/telemetry/catalogue.h"

#include "muster/base/check.h"

namespace muster::telemetry {
namespace {

// Seconds.
std::vector<double> WaitBuckets() {
  return {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400};
}
std::vector<double> WorkBuckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};
}
std::vector<double> RequestBuckets() {
  return {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
}

using enum Metric;
using enum Type;

MetricRow Count(Metric id, std::string_view name, std::vector<std::string_view> labels,
                std::string_view help) {
  return {id, name, kCounter, std::move(labels), help, {}};
}
MetricRow Level(Metric id, std::string_view name, std::vector<std::string_view> labels,
                std::string_view help) {
  return {id, name, kGauge, std::move(labels), help, {}};
}
MetricRow Spread(Metric id, std::string_view name, std::vector<std::string_view> labels,
                 std::string_view help, std::vector<double> buckets) {
  return {id, name, kHistogram, std::move(labels), help, std::move(buckets)};
}

std::vector<MetricRow> DecisionRows() {
  return {
      Level(kBuild, "gpu_scheduler_build_info", {"version"}, "Always 1; says which version runs."),
      Count(kJobs, "gpu_scheduler_jobs_total", {"phase"},
            "Status writes that brought a Job into this phase; each retry enters Pending anew."),
      Level(kQueueSize, "gpu_scheduler_queue_size", {"tenant"},
            "Jobs of this tenant that wait to be placed; groups of foreign pods are not counted."),
      Level(kPendingJobs, "gpu_scheduler_pending_jobs", {"reason"},
            "Jobs that wait, by the reason in their status; groups of foreign pods are not "
            "counted."),
      Level(kOldestPending, "gpu_scheduler_oldest_pending_seconds", {"reason"},
            "How long the job that waits longest for this reason has waited."),
      Spread(
          kSchedulingLatency, "gpu_scheduler_scheduling_latency_seconds", {},
          "From the start of a job's wait (its creation, or its requeueing) to the commit of its "
          "placement.",
          WaitBuckets()),
      Spread(kCycleDuration, "gpu_scheduler_cycle_duration_seconds", {},
             "Time of one scheduling decision.", WorkBuckets()),
      Count(kPreemptions, "gpu_scheduler_preemptions_total", {"rule"},
            "Jobs evicted for others, by the rule applied: Reclaim or Priority."),
      Count(kCommits, "gpu_scheduler_commits_total", {"result"},
            "Placements sent to the API server, growth of running jobs included: ok, conflict "
            "(somebody wrote the Job first) or error (refused otherwise, or no answer)."),
      Count(kPodsCreated, "gpu_scheduler_pods_created_total", {}, "Pods created for jobs."),
      Count(kPodsDeleted, "gpu_scheduler_pods_deleted_total", {}, "Pods of jobs deleted."),
  };
}

std::vector<MetricRow> ClusterRows() {
  return {
      Level(kGpus, "gpu_scheduler_gpus", {"state"},
            "GPUs of the cluster: capacity (of schedulable nodes), used and free."),
      Level(kGpuUtilization, "gpu_scheduler_gpu_utilization", {},
            "Allocated part of the GPU capacity, 0 to 1."),
      Level(kTenantGpusUsed, "gpu_scheduler_tenant_gpus_used", {"tenant"},
            "GPUs that count for this tenant, pods of other schedulers included."),
      Level(kTenantShare, "gpu_scheduler_tenant_share", {"tenant"},
            "Weighted dominant share of this tenant, 1 is the whole cluster."),
      Level(
          kDrift, "gpu_scheduler_drift", {},
          "Differences between what was issued and what the API server shows, older than 30 s, and "
          "between what counts on a node and what is there, seen twice in a row while the watches "
          "are current; not 0 fails readiness."),
      Level(kOvercommittedNodes, "gpu_scheduler_overcommitted_nodes", {},
            "Nodes whose pods request more than is allocatable now."),
      Count(kDecodeDrops, "gpu_scheduler_decode_drops_total", {"kind"},
            "Objects from the API server that could not be read and were left out."),
      Level(kPoisonObjects, "gpu_scheduler_poison_objects", {"kind"},
            "Objects of this kind set aside because they cannot be handled; the log, and the "
            "condition of an object of ours, says why."),
      Count(kConfigReloads, "gpu_scheduler_config_reloads_total", {"result"},
            "Changed configuration files: ok, or refused with the old settings kept."),
      Level(kConfigRefused, "gpu_scheduler_config_refused", {},
            "1 while the configuration file is one that was refused, else 0."),
      Count(kSeriesDropped, "gpu_scheduler_metric_series_dropped_total", {"metric"},
            "Values not counted because their metric has too many series."),
  };
}

std::vector<MetricRow> CommonRows() {
  return {
      Count(kReconciles, "controller_runtime_reconcile_total", {"controller", "result"},
            "Reconciliations: success or error."),
      Spread(kReconcileTime, "controller_runtime_reconcile_time_seconds", {"controller"},
             "Time of one reconciliation.", WorkBuckets()),
      Level(kQueueDepth, "workqueue_depth", {"name"}, "Items that wait in this work queue."),
      Count(kRestRequests, "rest_client_requests_total", {"code", "method"},
            "Requests to the API server, watches and leader election included, by HTTP status and "
            "method; code <error> had no answer."),
      Spread(kRestDuration, "rest_client_request_duration_seconds", {"verb"},
             "Time of one request to the API server, watches excepted.", RequestBuckets()),
      Level(kLeader, "leader_election_master_status", {"name"},
            "1 in the replica that holds this lease, else 0."),
  };
}

std::vector<MetricRow> ProcessRows() {
  return {
      Count(kCpuSeconds, "process_cpu_seconds_total", {}, "User and system CPU time."),
      Level(kResidentMemory, "process_resident_memory_bytes", {}, "Resident memory."),
      Level(kVirtualMemory, "process_virtual_memory_bytes", {}, "Virtual memory."),
      Level(kStartTime, "process_start_time_seconds", {},
            "Start of the process, in seconds since 1970."),
      Level(kOpenFds, "process_open_fds", {}, "Open file descriptors."),
      Level(kMaxFds, "process_max_fds", {}, "Limit of open file descriptors."),
  };
}

std::string Number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string Code(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string Labels(const MetricRow& row) {
  std::string out;
  for (const std::string_view label : row.labels) out += (out.empty() ? "" : ", ") + Code(label);
  return out;
}

std::string BucketList(const MetricRow& row) {
  std::string out;
  for (const double bound : row.buckets) out += (out.empty() ? "" : ", ") + Number(bound);
  return out;
}

}  // namespace

std::string_view ToString(Type type) {
  switch (type) {
    case Type::kCounter:
      return "counter";
    case Type::kGauge:
      return "gauge";
    case Type::kHistogram:
      return "histogram";
  }
  return "untyped";
}

const std::vector<MetricRow>& Catalogue() {
  static const std::vector<MetricRow> rows = [] {
    std::vector<MetricRow> all;
    for (const auto& part : {DecisionRows(), ClusterRows(), CommonRows(), ProcessRows()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      MUSTER_CHECK(static_cast<std::size_t>(all[i].id) == i);
    }
    return all;
  }();
  return rows;
}

const MetricRow& RowOf(Metric metric) { return Catalogue()[static_cast<std::size_t>(metric)]; }

std::string ReferenceMarkdown() {
  std::string out =
      "# Metrics\n\n"
      "<!-- Generated from src/telemetry/catalogue.cc by the target metrics_reference. -->\n\n"
      "Served at `/metrics` on the address of the setting `listen`, by every replica. Gauges of "
      "jobs, tenants and GPUs are\nshown by the leader alone and vanish when it steps down: over "
      "replicas take `max` of gauges and `sum` of counters.\nUnits are base units. No label holds "
      "the name or UID of a job, a pod or a node. A metric has at most 2000 series.\nNames of "
      "controller-runtime and client-go mean what they mean there.\n\n"
      "| metric | type | labels | what it is |\n| --- | --- | --- | --- |\n";
  for (const MetricRow& row : Catalogue()) {
    out += "| " + Code(row.name) + " | " + std::string(ToString(row.type)) + " | " + Labels(row) +
           " | " + std::string(row.help) + " |\n";
  }
  out += "\n## Buckets\n\nUpper bounds in seconds.\n\n| histogram | buckets |\n| --- | --- |\n";
  for (const MetricRow& row : Catalogue()) {
    if (row.type == Type::kHistogram) {
      out += "| " + Code(row.name) + " | " + BucketList(row) + " |\n";
    }
  }
  return out;
}

}  // namespace muster::telemetry
