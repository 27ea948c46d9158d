#include "status_json.h"

#include <algorithm>
#include <cctype>

#include "scan_json.h"

namespace muster::kube {
namespace {

using base::Code;

constexpr std::size_t kMaxExcerpt = 300;
constexpr std::int64_t kLongestRetryS = 3'600;  // as for the header: more is nonsense

Code ToCode(int status, const std::string& reason) {
  switch (status) {
    case 404:
      return Code::kNotFound;
    case 409:
      return reason == "AlreadyExists" ? Code::kExists : Code::kConflict;
    case 410:
      return Code::kGone;
    case 401:
      return Code::kUnavailable;  // our credentials, not the request; they are read anew
    case 403:
      return Code::kForbidden;
    case 429:
      return Code::kThrottled;
    default:
      break;
  }
  // 408 is the API server giving up on us in time, not a fault of the request.
  return status >= 500 || status == 408 ? Code::kUnavailable : Code::kInvalid;
}

// A 403 that judges the server's own state or our rights and not the object: it has just started
// and its caches are not filled, our roles are not (yet) there, or the fence does not see our
// Lease.
bool SaysNothingOfTheObject(std::string_view message) {
  const auto has = [&](std::string_view words) { return message.find(words) != message.npos; };
  return (has("User \"") && has("\" cannot ")) || has("not yet ready to handle request") ||
         has("no params found for policy binding") || has("fenced: ") ||
         has("delay between when CustomResourceDefinitions are created");
}

std::string Excerpt(std::string_view body) {
  std::string text(body.substr(0, kMaxExcerpt));
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; }, ' ');
  return text;
}

}  // namespace

base::Error ToError(const Response& response) {
  const std::string& body = response.body;
  const std::string reason = FindJson(body, {"reason"}).value_or("");
  base::Error error{ToCode(response.status, reason), FindJson(body, {"message"}).value_or(""), 0};
  if (error.message.empty()) {
    error.message = "HTTP status " + std::to_string(response.status);
    if (!body.empty()) error.message += ": " + Excerpt(body);
  }
  if (error.code == Code::kForbidden && SaysNothingOfTheObject(error.message)) {
    error.code = Code::kThrottled;  // not kUnavailable: it is known not to have happened
  }
  if (error.code == Code::kThrottled || error.code == Code::kUnavailable) {
    const std::int64_t asked_s = FindJsonInt(body, {"details", "retryAfterSeconds"});
    error.retry_after_ms = std::max(response.retry_after_ms,
                                    1000 * std::clamp<std::int64_t>(asked_s, 0, kLongestRetryS));
  }
  return error;
}

bool IsDisruptionBudget(const Response& response) {
  if (response.status != 429) return false;
  const std::string causes = FindJson(response.body, {"details", "causes"}).value_or("");
  return causes.find("\"DisruptionBudget\"") != std::string::npos;
}

Response ErrorEventAsResponse(std::string_view line) {
  Response response;
  response.body = FindJson(line, {"object"}).value_or("");
  response.status = static_cast<int>(FindJsonInt(response.body, {"code"}));
  if (response.status == 0) response.status = 500;
  const std::string reason = FindJson(response.body, {"reason"}).value_or("");
  if (reason == "Expired" || reason == "Gone") response.status = 410;
  return response;
}

}  // namespace muster::kube
