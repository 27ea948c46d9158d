// One pool of HTTP/1.1 connections to one server: requests go in, heads and bytes come out.  The
// part of CpprestTransport that knows cpprestsdk; everything about Kubernetes is in the other part.
//
// Threads: Start and Cancel from any thread.  Handlers run on the process-wide I/O threads, those
// of one exchange one at a time, never inside Start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/result.h"
#include "tls.h"

namespace muster::kube {

struct HttpOptions {
  std::string server;  // https://host[:port][/prefix]
  bool verify = true;
  std::string server_name;  // empty: the host of `server`
  std::shared_ptr<const TlsMaterial> tls;
};

struct HttpRequest {
  std::string method;
  std::string target;
  std::string body;
  std::string content_type;
  std::string authorization;  // value of the header, empty: none
  std::int64_t timeout_ms = 0;
  bool timeout_until_head = false;  // else until the end of the body
};

struct HttpHandler {
  std::function<void(int status, std::int64_t retry_after_ms)> on_head;
  std::function<void(std::string_view bytes)> on_bytes;  // after on_head
  std::function<void(base::Status status)> on_end;       // exactly once, last
};

// A request under way.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  // Breaks the connection; on_end follows, if it has not been called.
  virtual void Cancel() = 0;
};

class HttpPool {
 public:
  virtual ~HttpPool() = default;  // cancels what is under way and waits for it
  virtual std::shared_ptr<HttpExchange> Start(HttpRequest request, HttpHandler handler) = 0;
};

// Runs `task` on one of the I/O threads.
void PostToIoThread(std::function<void()> task);

base::Result<std::unique_ptr<HttpPool>> MakeHttpPool(HttpOptions options);

}  // namespace muster::kube
