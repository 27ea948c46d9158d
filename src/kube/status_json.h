// HTTP answers of the API server as base::Error.
//
// Threads: pure functions.
#pragma once

#include <string>

#include "muster/base/result.h"
#include "muster/kube/transport.h"

namespace muster::kube {

// The error that a non-2xx answer means.  Its message is Status.message, or the status code and the
// beginning of the body if that is no Status.  Only a 429 gives kThrottled, only a 404 kNotFound.
base::Error ToError(const Response& response);

// An Eviction that a PodDisruptionBudget refuses is also a 429, but says nothing about load.
bool IsDisruptionBudget(const Response& response);

// What the ERROR event of a watch carries: its Status as if it had been the answer.
Response ErrorEventAsResponse(std::string_view line);

}  // namespace muster::kube
