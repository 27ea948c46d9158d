// The little of HTTP/1.1 (RFC 9112) that a scrape needs, as text in and out.  Private to telemetry.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "muster/telemetry/endpoints.h"

namespace muster::telemetry {

// Whether the blank line that ends the headers has arrived.
bool HeadersComplete(std::string_view received);

// The request line; headers and body are not looked at.  Nothing when it is no HTTP/1.x request.
std::optional<HttpRequest> ParseRequest(std::string_view received);

// Status line, headers (Connection: close) and, but for HEAD, the body.
std::string RenderReply(const HttpReply& reply, std::string_view method);

}  // namespace muster::telemetry
