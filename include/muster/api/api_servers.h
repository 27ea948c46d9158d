// What the API servers say of themselves: where they listen (EndpointSlice default/kubernetes) and
// how many there are (their Leases in kube-system).
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/clock.h"

namespace muster::api {

// Every address with the port named "https", as a URL has it: "10.0.0.1:6443", "[fd00::1]:6443".
// What cannot be read is left out.
std::vector<std::string> HttpsAddresses(std::string_view endpoint_slice);

// How many Leases of a list belong to an API server ("apiserver-…") and are not over at `now`.
// https://kubernetes.io/docs/concepts/architecture/leases/#api-server-identity
std::int32_t LiveServers(std::string_view lease_list, base::TimePoint now);

}  // namespace muster::api
