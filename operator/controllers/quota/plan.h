// What a ResourceQuota says about its namespace: a pure function.
//
// Muster counts requests, limits, devices, pods and Jobs; the rest of a ResourceQuota is rendered
// as a core/v1 ResourceQuota (docs/concepts/tenants.md) and has its usage there.
#pragma once

#include <cstdint>
#include <string>

#include "muster/api/tenant.h"
#include "muster/sched/types.h"

namespace muster::op {

struct QuotaFacts {
  base::TimePoint now;
  std::int64_t epoch = 0;
  std::string tenant;  // of the namespace; empty: unclaimed
  bool tenant_exists = false;
  sched::Amounts used;    // of the namespace, in the core's words
  std::int64_t jobs = 0;  // unfinished ones there
  std::string gpu_resource = "nvidia.com/gpu";
};

// The next status; equal to the present one when there is nothing to write.
api::ResourceQuotaStatus PlanQuota(const api::ResourceQuota& quota, const QuotaFacts& facts);

}  // namespace muster::op
