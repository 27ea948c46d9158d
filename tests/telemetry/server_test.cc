#include "muster/telemetry/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

namespace muster::telemetry {
namespace {

class HandClock : public base::Clock {
 public:
  base::TimePoint Now() const override { return {boot_ms_}; }
  std::int64_t BootMs() const override { return boot_ms_; }
  void Advance(std::int64_t ms) { boot_ms_ += ms; }

 private:
  std::atomic<std::int64_t> boot_ms_ = 1'000'000;
};

// A client that blocks; reads fail the test after 20 s.
class Client {
 public:
  explicit Client(int port, bool v6 = false)
      : fd_(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<std::uint16_t>(port));
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = v4.sin_port;
    six.sin6_addr = in6addr_loopback;
    const void* address = v6 ? static_cast<const void*>(&six) : &v4;
    connected_ =
        connect(fd_, static_cast<const sockaddr*>(address), v6 ? sizeof six : sizeof v4) == 0;
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  // False once the server has gone.
  bool Send(std::string_view text) {
    return send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // All until the server closes; "timeout" if it does not.
  std::string ReadAll() {
    std::string all;
    char buffer[4096];
    while (true) {
      const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
      if (got < 0 && errno == EAGAIN) return "timeout";
      if (got <= 0) return all;
      all.append(buffer, static_cast<std::size_t>(got));
    }
  }

 private:
  int fd_;
  bool connected_ = false;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override { Start("127.0.0.1"); }
  void Start(const std::string& host) {
    auto server = Server::Start(host, 0, clock_, [](const HttpRequest& request) {
      HttpReply reply;
      reply.body = request.method + " " + request.path + "?" + request.query;
      if (request.path == "/large") reply.body.assign(32 << 20, 'x');
      if (request.method == "POST") reply.status = 405;
      return reply;
    });
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  std::string Get(const std::string& path) {
    Client client(server_->port());
    client.Send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return client.ReadAll();
  }
  static std::string Body(const std::string& reply) {
    const std::size_t end = reply.find("\r\n\r\n");
    return end == std::string::npos ? "no reply: " + reply : reply.substr(end + 4);
  }

  HandClock clock_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersAndCloses) {
  EXPECT_GT(server_->port(), 0);
  const std::string reply = Get("/readyz?verbose");
  EXPECT_EQ(reply.substr(0, 17), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(Body(reply), "GET /readyz?verbose");
}

TEST_F(ServerTest, ARequestMayArriveInPieces) {
  Client client(server_->port());
  for (const char c : std::string("GET /slow HTTP/1.1\r\n\r\n")) client.Send({&c, 1});
  EXPECT_EQ(Body(client.ReadAll()), "GET /slow?");
}

TEST_F(ServerTest, WhatIsNotHttpGetsFourHundred) {
  Client client(server_->port());
  client.Send("\x16\x03\x01 tls?\r\n\r\n");
  EXPECT_EQ(client.ReadAll().substr(0, 24), "HTTP/1.1 400 Bad Request");
}

TEST_F(ServerTest, ABodyIsThrownAwayAndTheAnswerArrives) {
  Client client(server_->port());
  client.Send("POST /metrics HTTP/1.1\r\nContent-Length: 300000\r\n\r\n");
  client.Send(std::string(300'000, 'x'));
  const std::string reply = client.ReadAll();
  EXPECT_EQ(reply.substr(0, 12), "HTTP/1.1 405");
  EXPECT_NE(reply.find("Allow: GET, HEAD\r\n"), std::string::npos);
}

TEST_F(ServerTest, EndlessHeadersAreCut) {
  Client client(server_->port());
  client.Send("GET / HTTP/1.1\r\nA: " + std::string(Server::kMaxRequestBytes + 1, 'x'));
  EXPECT_EQ(client.ReadAll().substr(0, 12), "HTTP/1.1 431");
}

TEST_F(ServerTest, SilentClientsNeverLockOutOthers) {
  std::vector<std::unique_ptr<Client>> silent;
  for (std::size_t i = 0; i < Server::kMaxConnections * 2; ++i) {
    silent.push_back(std::make_unique<Client>(server_->port()));
    ASSERT_TRUE(silent.back()->connected());
  }
  EXPECT_EQ(Body(Get("/healthz")), "GET /healthz?");
  EXPECT_EQ(silent.front()->ReadAll(), "");  // pushed out
}

TEST_F(ServerTest, ASlowClientIsCutAtItsDeadline) {
  Client slow(server_->port());
  slow.Send("GET /metr");
  EXPECT_EQ(Body(Get("/one")), "GET /one?");  // by now the slow one has been accepted
  clock_.Advance(Server::kDeadlineMs);
  EXPECT_EQ(slow.ReadAll(), "");
}

TEST_F(ServerTest, AClientThatDoesNotReadHoldsNobodyUp) {
  Client lazy(server_->port());
  lazy.Send("GET /large HTTP/1.1\r\n\r\n");
  EXPECT_EQ(Body(Get("/one")), "GET /one?");
  EXPECT_EQ(Body(lazy.ReadAll()).size(), std::size_t{32} << 20);
}

TEST_F(ServerTest, StopsWithOpenConnections) {
  Client idle(server_->port());
  Client lazy(server_->port());
  lazy.Send("GET /large HTTP/1.1\r\n\r\n");
  const int port = server_->port();
  server_.reset();
  EXPECT_FALSE(Client(port).connected());
}

TEST_F(ServerTest, SixIsServedToo) {
  Start("::1");
  Client client(server_->port(), true);
  client.Send("GET /six HTTP/1.1\r\n\r\n");
  EXPECT_EQ(Body(client.ReadAll()), "GET /six?");
}

TEST_F(ServerTest, ATakenPortIsSaidByAddress) {
  const auto second = Server::Start("127.0.0.1", server_->port(), clock_, nullptr);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, base::Code::kUnavailable);
  EXPECT_EQ(
      second.error().message,
      "cannot listen on 127.0.0.1:" + std::to_string(server_->port()) + ": Address already in use");
  const auto nowhere = Server::Start("300.1.1.1", 0, clock_, nullptr);
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().code, base::Code::kInvalid);
}

}  // namespace
}  // namespace muster::telemetry
