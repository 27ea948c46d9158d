// scheduler.io/v1 Tenant and ResourceQuota (crds/tenants.yaml, crds/resourcequotas.yaml).
//
// Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/api/meta.h"

namespace muster::api {

// Allow-list on the rendered pod of a tenant's job.  The defaults are the strict ones only where
// the Tenant states them; absent means allowed.
struct SecurityPolicy {
  std::optional<bool> run_as_non_root;
  std::optional<bool> allow_privileged;
  std::optional<bool> allow_host_network;
  std::optional<bool> allow_host_path;
  std::optional<bool> allow_privilege_escalation;
  std::string pod_security_level;  // privileged, baseline, restricted; empty: not labelled
};

struct NetworkPolicySpec {
  std::string isolation;                        // none, namespace, strict; empty: none
  std::vector<std::string> allowed_namespaces;  // names or globs
};

struct TenantPreemption {            // bounds on what jobs may ask
  std::int32_t max_preemptions = 5;  // a job that asks for fewer is evicted as often as this
  std::int64_t max_min_runtime_seconds = 3'600;
  std::int64_t max_grace_period_seconds = 600;
};

struct TenantSpec {
  ResourceList hard;        // resourceQuota: ceiling; names cpu memory storage gpu or any resource
  ResourceList guaranteed;  // absent: 0
  ResourceList borrow_limit;                // borrowing.limit; absent: unlimited
  ResourceList lending_limit;               // borrowing.lendingLimit; absent: unlimited
  std::int64_t weight_milli = 1'000;        // >= 0; 1'000 is weight 1
  std::string priority_class = "critical";  // highest a job may use
  bool priority_class_set = false;          // then it is also the default of its jobs
  std::int32_t max_running_jobs = 0;        // limits; 0: unlimited
  std::int32_t max_pending_jobs = 0;
  std::int64_t max_gpus_per_job = 0;
  std::vector<std::string> namespaces;  // names or globs; empty: the namespace of its own name
  NetworkPolicySpec network;
  SecurityPolicy security;
  std::map<std::string, std::string> node_selector;  // placement.nodeSelector
  TenantPreemption preemption;
  std::vector<std::string> users;  // RoleBinding subjects
  std::vector<std::string> groups;
};

struct TenantStatus {
  std::int64_t observed_generation = 0;
  std::int64_t epoch = 0;               // of the writer
  std::vector<std::string> namespaces;  // claimed, sorted
  ResourceList used;
  std::string gpus;  // column: used/quota
  std::int32_t pending = 0;
  std::int32_t running = 0;
  std::string share;  // column: dominant share, per cent with one digit
  std::vector<Condition> conditions;

  friend bool operator==(const TenantStatus&, const TenantStatus&) = default;
};

struct Tenant {
  Meta meta;
  std::string invalid;
  TenantSpec spec;
  TenantStatus status;
};

struct ResourceQuotaStatus {
  std::int64_t observed_generation = 0;
  std::int64_t epoch = 0;  // of the writer
  std::string tenant;
  ResourceList used;
  std::string gpus, cpu, memory, jobs;  // columns: used/hard
  std::vector<Condition> conditions;

  friend bool operator==(const ResourceQuotaStatus&, const ResourceQuotaStatus&) = default;
};

struct ResourceQuota {
  Meta meta;
  std::string invalid;
  ResourceList hard;  // requests.cpu … count/jobs, persistentvolumeclaims, extended resources
  ResourceQuotaStatus status;
};

}  // namespace muster::api
