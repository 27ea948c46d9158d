// A small HTTP/1.1 server for scrapes and probes: GET and HEAD, one request a connection.
//
// No client can harm the process: at most kMaxConnections at a time (a new one pushes out the
// oldest), kMaxRequestBytes of request, kDeadlineMs from accept to the last byte; bodies are thrown
// away unread.  IPv4 and IPv6; port 0 takes a free one.
// Threads: one of its own, on which `answer` runs.  The destructor closes everything and waits for
// that thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "muster/base/clock.h"
#include "muster/base/result.h"
#include "muster/telemetry/endpoints.h"

namespace muster::telemetry {

class Server {
 public:
  static constexpr std::size_t kMaxConnections = 64;
  static constexpr std::size_t kMaxRequestBytes = 16 * 1024;
  static constexpr std::int64_t kDeadlineMs = 10'000;

  using Answer = std::function<HttpReply(const HttpRequest&)>;

  // Listens on `host` (name, IPv4, or IPv6 without brackets) and serves until destroyed.  `clock`
  // outlives the server.  kInvalid: no such address; kUnavailable: it cannot be had (in use, not
  // allowed).
  static base::Result<std::unique_ptr<Server>> Start(const std::string& host, int port,
                                                     const base::Clock& clock, Answer answer);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;  // the one it is bound to

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::telemetry
