// What a Tenant says about itself.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "controllers/tenant/claims.h"
#include "muster/api/tenant.h"

namespace muster::op {

struct TenantUsage {
  api::ResourceList used;
  std::int32_t pending = 0;  // jobs and groups
  std::int32_t running = 0;
  std::int64_t per_mille = 0;  // dominant share
};
using UsageTable = std::map<std::string, TenantUsage>;

struct TenantFacts {
  base::TimePoint now;
  std::int64_t epoch = 0;
  TenantClaims claims;
  TenantUsage usage;
  std::string render_error;   // the first namespace that could not be kept in shape; empty: none
  std::string over_capacity;  // of OverCapacity
  std::string gpu_resource = "nvidia.com/gpu";
};

// The next status; equal to the present one but for times when there is nothing to write.
api::TenantStatus PlanTenantStatus(const api::Tenant& tenant, const TenantFacts& facts);

// Resource -> one sentence, where the guarantees of all tenants together exceed the cluster.
// "gpu" is read as `gpu_resource`.  Amounts as in api::ResourceList.
std::map<std::string, std::string> OverCapacity(
    const std::vector<const api::ResourceList*>& guarantees, const api::ResourceList& capacity,
    const std::string& gpu_resource);

}  // namespace muster::op
