// Everything a person can set about the operator, as one plain value.  Where it comes from: load.h.
// The policy is the core's own (sched/policy.h): the simulator reads the same file.
//
// Threads: plain values.  Every field is in range once Load returned it.
#pragma once

#include <cstdint>
#include <string>

#include "muster/base/log.h"
#include "muster/sched/policy.h"

namespace muster::config {

struct ListenAddress {
  std::string host = "0.0.0.0";  // name, IPv4 or IPv6 without brackets
  std::int32_t port = 8080;      // 0: any free one
};

// Leader election.  duration > renew_deadline > retry_period.
struct LeaseSettings {
  std::string name = "muster-operator";
  std::int64_t duration_ms = 15'000;        // a standby takes over after this much silence
  std::int64_t renew_deadline_ms = 10'000;  // the leader stops writing this long after a renewal
  std::int64_t retry_period_ms = 2'000;     // between two attempts to get or renew
};

// What the operator asks of the API server at most.  The lease is never held back.
struct ClientSettings {
  std::int64_t requests_per_second = 2'000;  // writes
  std::int64_t burst = 2'000;
  std::int64_t max_in_flight = 64;
};

struct Settings {
  std::string kubeconfig;  // path; empty: KUBECONFIG, then the service account of the pod
  std::string context;     // empty: the file's current context
  std::string ns = "muster-system";
  std::string identity;  // of this replica; never empty after Load
  ListenAddress listen;
  base::LogFormat log_format = base::LogFormat::kText;
  base::LogLevel log_level = base::LogLevel::kInfo;
  LeaseSettings lease;
  ClientSettings client;
  std::string tenant_role_prefix = "muster";  // of the ClusterRoles <prefix>-tenant-user, -viewer
  std::string default_tenant;  // of jobs in unclaimed namespaces; empty: they wait with NoTenant
  std::int64_t pod_group_timeout_ms = 600'000;  // of foreign gangs that do not say their own
  sched::Policy policy;
};

}  // namespace muster::config
