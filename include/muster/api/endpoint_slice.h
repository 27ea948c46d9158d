// Where the API servers themselves listen: EndpointSlice default/kubernetes, which they keep.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster::api {

// Every address with the port named "https", as a URL has it: "10.0.0.1:6443", "[fd00::1]:6443".
// What cannot be read is left out.
std::vector<std::string> HttpsAddresses(std::string_view endpoint_slice);

}  // namespace muster::api
