#include "muster/telemetry/server.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "telemetry/http_text.h"

namespace muster::telemetry {
namespace {

constexpr std::int64_t kMaxWaitMs = 1'000;  // a poll never sleeps longer: the clock may be any
constexpr std::int64_t kRoomWaitMs = 100;   // until the next try when file descriptors ran out

// Owns a file descriptor.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// One client, from accept to close.  Reading -> Writing -> Draining: after the last byte what still
// arrives is read and thrown away, because closing on unread bytes would reset the connection and
// could take the answer with it.
class Connection {
 public:
  Connection(Fd fd, std::int64_t deadline) : fd_(std::move(fd)), deadline_(deadline) {}

  int fd() const { return fd_.get(); }
  std::int64_t deadline() const { return deadline_; }
  short events() const { return phase_ == Phase::kWriting ? POLLOUT : POLLIN; }

  // Goes on as far as the socket allows; false when the connection is finished.
  bool Advance(const Server::Answer& answer) {
    if (phase_ == Phase::kReading && !Read(answer)) return false;
    if (phase_ == Phase::kWriting && !Write()) return false;
    return phase_ != Phase::kDraining || Drain();
  }

 private:
  enum class Phase { kReading, kWriting, kDraining };

  bool Read(const Server::Answer& answer) {
    char buffer[4096];
    const ssize_t got = recv(fd(), buffer, sizeof buffer, 0);
    if (got < 0) return WouldBlock();
    if (got == 0) return false;
    received_.append(buffer, static_cast<std::size_t>(got));
    if (HeadersComplete(received_)) {
      Decide(answer);
    } else if (received_.size() > Server::kMaxRequestBytes) {
      Reply({431, "text/plain; charset=utf-8", "the request is too large\n"}, "");
    }
    return true;
  }

  void Decide(const Server::Answer& answer) {
    const auto request = ParseRequest(received_);
    if (!request) {
      Reply({400, "text/plain; charset=utf-8", "not an HTTP/1.x request\n"}, "");
    } else {
      Reply(answer(*request), request->method);
    }
  }

  void Reply(const HttpReply& reply, std::string_view method) {
    reply_ = RenderReply(reply, method);
    phase_ = Phase::kWriting;
  }

  bool Write() {
    while (sent_ < reply_.size()) {
      const ssize_t put = send(fd(), reply_.data() + sent_, reply_.size() - sent_, MSG_NOSIGNAL);
      if (put < 0) return WouldBlock();
      sent_ += static_cast<std::size_t>(put);
    }
    phase_ = Phase::kDraining;
    return shutdown(fd(), SHUT_WR) == 0;
  }

  bool Drain() {
    char buffer[4096];
    const ssize_t got = recv(fd(), buffer, sizeof buffer, 0);
    return got > 0 || (got < 0 && WouldBlock());
  }

  Fd fd_;
  std::int64_t deadline_;
  Phase phase_ = Phase::kReading;
  std::string received_;
  std::string reply_;
  std::size_t sent_ = 0;
};

std::string Shown(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

base::Error CannotListen(const std::string& address, const std::string& why) {
  return {base::Code::kUnavailable, "cannot listen on " + address + ": " + why};
}

// Binds and listens on one resolved address; errno says why not.
Fd Bind(const addrinfo& address) {
  Fd fd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fd;
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ai_family == AF_INET6) {  // [::] takes IPv4 clients too
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) return Fd();
  return listen(fd.get(), 128) == 0 ? std::move(fd) : Fd();
}

base::Result<Fd> Listen(const std::string& host, int port) {
  const std::string shown = Shown(host, port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failure != 0) {
    return base::Error{base::Code::kInvalid,
                       "cannot listen on " + shown + ": " + gai_strerror(failure)};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  int reason = EADDRNOTAVAIL;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    Fd fd = Bind(*a);
    if (fd.valid()) return fd;
    reason = errno;
  }
  return CannotListen(shown, std::strerror(reason));
}

int BoundPort(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  const bool v6 = storage.ss_family == AF_INET6;
  return ntohs(v6 ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                  : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

}  // namespace

struct Server::Impl {
  Impl(Fd listen_fd, Fd wake_fd, const base::Clock& the_clock, Answer the_answer)
      : listener(std::move(listen_fd)),
        wake(std::move(wake_fd)),
        port(BoundPort(listener.get())),
        clock(the_clock),
        answer(std::move(the_answer)),
        thread([this] { Run(); }) {}

  ~Impl() {
    stop = true;
    const std::uint64_t one = 1;
    const ssize_t written = write(wake.get(), &one, sizeof one);
    static_cast<void>(written);  // it can only be full, and then the thread is awake
    thread.join();
  }

  void Run() {
    while (!stop) {
      const short accepting = no_room ? 0 : POLLIN;
      std::vector<pollfd> fds{{wake.get(), POLLIN, 0}, {listener.get(), accepting, 0}};
      for (const auto& c : connections) fds.push_back({c->fd(), c->events(), 0});
      poll(fds.data(), fds.size(), static_cast<int>(WaitMs()));
      no_room = false;
      // In reverse, so that a removal does not move those still to come.
      for (std::size_t i = connections.size(); i-- > 0;) {
        const bool expired = connections[i]->deadline() <= clock.BootMs();
        const bool ready = fds[i + 2].revents != 0;
        if (expired || (ready && !connections[i]->Advance(answer))) {
          connections.erase(connections.begin() + static_cast<std::ptrdiff_t>(i));
        }
      }
      if (fds[1].revents != 0) AcceptAll();
    }
  }

  std::int64_t WaitMs() const {
    std::int64_t wait = no_room ? kRoomWaitMs : kMaxWaitMs;
    for (const auto& c : connections) wait = std::min(wait, c->deadline() - clock.BootMs());
    return std::max<std::int64_t>(wait, 0);
  }

  void AcceptAll() {
    while (true) {
      Fd fd(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd.valid()) {
        no_room = errno == EMFILE || errno == ENFILE;
        if (!no_room || connections.empty()) return;
        connections.erase(connections.begin());  // give back one of ours and try again
        continue;
      }
      if (connections.size() >= kMaxConnections) connections.erase(connections.begin());
      connections.push_back(
          std::make_unique<Connection>(std::move(fd), clock.BootMs() + kDeadlineMs));
    }
  }

  Fd listener;
  Fd wake;
  const int port;
  const base::Clock& clock;
  const Answer answer;
  std::vector<std::unique_ptr<Connection>> connections;  // of the thread; oldest first
  bool no_room = false;  // of the thread: the last accept found no file descriptor
  std::atomic<bool> stop = false;
  std::thread thread;  // last: it uses all of the above
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

int Server::port() const { return impl_->port; }

base::Result<std::unique_ptr<Server>> Server::Start(const std::string& host, int port,
                                                    const base::Clock& clock, Answer answer) {
  base::Result<Fd> listener = Listen(host, port);
  if (!listener.ok()) return listener.error();
  Fd wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.valid()) return CannotListen(Shown(host, port), std::strerror(errno));
  return std::unique_ptr<Server>(new Server(
      std::make_unique<Impl>(std::move(*listener), std::move(wake), clock, std::move(answer))));
}

}  // namespace muster::telemetry
