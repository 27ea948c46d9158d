// The seam to the outside: HTTP requests and streams to one API server, in our own words.
// CpprestTransport is the real one; tests put a fake API server here.
//
// Threads: Send and Open may be called from any thread.  Callbacks run on threads of the transport,
// never inside the call that registered them; they must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "muster/base/result.h"

namespace muster::kube {

struct Request {
  std::string method;        // GET, POST, PUT, PATCH, DELETE
  std::string path;          // from "/", query included, already escaped
  std::string body;          // empty: none
  std::string content_type;  // of the body
  std::int64_t timeout_ms = 5'000;
};

struct Response {
  int status = 0;  // HTTP status; every status is a Response, an Error means there was none
  std::string body;
  std::int64_t retry_after_ms = 0;  // Retry-After, 0 if absent
};

// An open stream.  Destroying it cuts the connection and waits until no callback runs; none runs
// afterwards.  REQUIRES: not destroyed inside a callback of its own.
class Stream {
 public:
  virtual ~Stream() = default;
};

struct StreamHandler {
  std::function<void(std::string_view line)> on_line;  // one JSON document, without the newline
  // Exactly once, last (unless the Stream is destroyed before): a non-200 Response with its body,
  // or a 200 one when the server closed, or kUnavailable when the connection broke.
  std::function<void(base::Result<Response>)> on_end;
};

class Transport {
 public:
  // Cuts what is outstanding and waits for it.  REQUIRES: every Stream is destroyed.
  virtual ~Transport() = default;
  // `done` is called exactly once.  kUnavailable: no answer; a write may have been carried out.
  virtual void Send(Request request, std::function<void(base::Result<Response>)> done) = 0;
  // `timeout_ms` bounds the time until the head of the answer; the stream itself may stay open.
  virtual std::unique_ptr<Stream> Open(Request request, StreamHandler handler) = 0;
};

}  // namespace muster::kube
