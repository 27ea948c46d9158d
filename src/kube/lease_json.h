// A Lease as JSON and back.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/base/clock.h"
#include "muster/base/result.h"

namespace muster::kube {

struct Lease {
  std::string resource_version;
  std::string holder;
  std::int64_t duration_ms = 0;  // 0: not said
  std::int64_t transitions = 0;
};

// kInvalid if it has no resourceVersion; fields of a wrong type count as absent.
base::Result<Lease> ParseLease(std::string_view json);

// What an acquisition or renewal writes.
struct LeaseWrite {
  std::string holder;
  std::int64_t duration_ms = 0;
  std::int64_t transitions = 0;
  base::TimePoint now;
  bool acquired = false;  // sets acquireTime too
};

std::string NewLeaseJson(const std::string& ns, const std::string& name, const LeaseWrite& write);
// A merge patch that only applies to `resource_version`.
std::string LeasePatchJson(const std::string& resource_version, const LeaseWrite& write);

}  // namespace muster::kube
