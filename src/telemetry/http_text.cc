#include "telemetry/http_text.h"

#include "muster/base/text.h"

namespace muster::telemetry {
namespace {

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Internal Server Error";
  }
}

bool IsToken(std::string_view text) {
  return !text.empty() && text.size() <= 16 &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

}  // namespace

bool HeadersComplete(std::string_view received) {
  return received.find("\r\n\r\n") != std::string_view::npos ||
         received.find("\n\n") != std::string_view::npos;
}

std::optional<HttpRequest> ParseRequest(std::string_view received) {
  std::string_view line = received.substr(0, received.find('\n'));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const auto parts = base::Split(line, ' ');
  if (parts.size() != 3 || !IsToken(parts[0]) || parts[2].substr(0, 7) != "HTTP/1.") {
    return std::nullopt;
  }
  if (parts[1].empty() || parts[1].front() != '/') return std::nullopt;
  const std::size_t question = parts[1].find('?');
  HttpRequest request;
  request.method = parts[0];
  request.path = parts[1].substr(0, question);
  if (question != std::string_view::npos) request.query = parts[1].substr(question + 1);
  return request;
}

std::string RenderReply(const HttpReply& reply, std::string_view method) {
  std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  out += ReasonPhrase(reply.status);
  out += "\r\nContent-Type: " + reply.content_type +
         "\r\nContent-Length: " + std::to_string(reply.body.size()) +
         "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n";
  if (reply.status == 405) out += "Allow: GET, HEAD\r\n";
  out += "\r\n";
  if (method != "HEAD") out += reply.body;
  return out;
}

}  // namespace muster::telemetry
