// What cpprestsdk does that one has to know (read in its asio client, 2.10.18):
// - Its timeout is a pause between two steps, so a deadline of our own cancels the exchange.
// - When a pooled connection turns out to be closed, it writes the request again on another one, a
//   POST too.  A write must not happen twice, nor late behind the leader's back.  A body that
//   cannot seek would stop it, but leaves a connection that was never connected in the pool, on
//   which the next request fails.  So the body of everything but a GET notes that it is rewound,
//   and RefuseReplay, which cpprest calls next on the same thread, throws: that closes the
//   connection and nothing is sent.
// - It makes a TLS context for every connection and lets us fill it.
// - A body may arrive before the continuation with the head has run: Exchange puts them in order.
#include <cpprest/astreambuf.h>
#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <set>

#include "http.h"
#include "muster/base/mutex.h"
#include "muster/base/text.h"

namespace muster::kube {
namespace {

using base::Code;
using base::Error;
using base::Lock;
namespace streams = concurrency::streams;
namespace http = web::http;

constexpr int kThreads = 4;
constexpr std::int64_t kMaxPauseS = 3'600;  // cpprest's own timeout: ours come before it

// cpprest would start forty threads.
void SizeThreadPool() {
  static const bool done = [] {
    try {
      crossplat::threadpool::initialize_with_threads(kThreads);
    } catch (const std::exception&) {
      return false;  // somebody else was first, at his size
    }
    return true;
  }();
  static_cast<void>(done);
}

// Where cpprest writes a body to: hands the bytes on and keeps nothing.
class ByteSink final : public streams::details::streambuf_state_manager<std::uint8_t> {
 public:
  using Write = std::function<void(std::string_view)>;
  explicit ByteSink(Write write) : streambuf_state_manager(std::ios_base::out), write_(write) {}

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  std::size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(std::size_t, std::ios_base::openmode) override {}
  std::size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return 0; }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return 0; }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override { return 0; }
  bool acquire(std::uint8_t*&, std::size_t&) override { return false; }
  void release(std::uint8_t*, std::size_t) override {}

 protected:
  pplx::task<int_type> _putc(std::uint8_t byte) override {
    _putn(&byte, 1);
    return pplx::task_from_result<int_type>(byte);
  }
  pplx::task<std::size_t> _putn(const std::uint8_t* data, std::size_t count) override {
    write_({reinterpret_cast<const char*>(data), count});
    return pplx::task_from_result(count);
  }
  pplx::task<int_type> _bumpc() override { return End(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return End(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return End(); }
  pplx::task<int_type> _ungetc() override { return End(); }
  pplx::task<std::size_t> _getn(std::uint8_t*, std::size_t) override {
    return pplx::task_from_result(std::size_t{0});
  }
  std::size_t _scopy(std::uint8_t*, std::size_t) override { return 0; }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(std::size_t) override { return nullptr; }
  void _commit(std::size_t) override {}

 private:
  static pplx::task<int_type> End() { return pplx::task_from_result<int_type>(traits::eof()); }
  Write write_;
};

// Set between the rewinding of a body and the sending that follows it on the same thread.
thread_local bool t_rewound = false;

// A request body that can be sent once: rewinding it is noted.
class OnceBody final : public streams::streambuf<std::uint8_t> {
 public:
  explicit OnceBody(const std::shared_ptr<streams::details::basic_streambuf<std::uint8_t>>& bytes)
      : streams::streambuf<std::uint8_t>(bytes) {}
  bool can_seek() const override { return true; }
  pos_type seekpos(pos_type position, std::ios_base::openmode) override {
    t_rewound = true;
    return position;
  }
};

// Called by cpprest before it sends a request on whatever connection.
void RefuseReplay(http::client::native_handle) {
  if (!t_rewound) return;
  t_rewound = false;
  throw http::http_exception("the connection was closed before an answer came");
}

class Exchange final : public HttpExchange, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(HttpHandler handler, bool until_head)
      : handler_(std::move(handler)),
        until_head_(until_head),
        timer_(crossplat::threadpool::shared_instance().service()) {}

  pplx::cancellation_token token() const { return cancel_.get_token(); }
  void Cancel() override { cancel_.cancel(); }

  void StartTimer(std::int64_t ms) {
    timer_.expires_after(std::chrono::milliseconds(ms));
    timer_.async_wait([weak = weak_from_this(), ms](const boost::system::error_code& ec) {
      const auto self = weak.lock();
      if (ec || self == nullptr || !self->TimedOut()) return;
      const Error late{Code::kUnavailable, "no answer within " + std::to_string(ms) + " ms"};
      self->Blame(late);  // before cancelling, which ends the exchange with a word of its own
      self->cancel_.cancel();
      self->End(late);
    });
  }

  void Head(int status, std::int64_t retry_after_ms) {
    Lock lock(mutex_);
    headed_ = true;
    if (until_head_) StopTimer();
    if (ended_) return;
    handler_.on_head(status, retry_after_ms);
    if (!early_.empty()) handler_.on_bytes(early_);
    early_.clear();
  }

  void Bytes(std::string_view bytes) {
    Lock lock(mutex_);
    if (ended_) return;
    if (headed_) {
      handler_.on_bytes(bytes);
    } else {
      early_ += bytes;
    }
  }

  void End(base::Status status) {
    Lock lock(mutex_);
    StopTimer();
    if (ended_) return;
    ended_ = true;
    handler_.on_end(blame_ ? base::Status(*blame_) : std::move(status));
    handler_ = {};  // what it holds may hold us
  }

 private:
  bool TimedOut() {
    Lock lock(mutex_);
    return !ended_ && !(until_head_ && headed_);
  }
  void Blame(const Error& error) {
    Lock lock(mutex_);
    blame_ = error;
  }
  void StopTimer() REQUIRES_LOCK(mutex_) {
    boost::system::error_code ignored;
    timer_.cancel(ignored);
  }

  base::Mutex mutex_;  // held while a handler runs
  HttpHandler handler_ GUARDED_BY(mutex_);
  const bool until_head_;
  bool headed_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;
  std::string early_ GUARDED_BY(mutex_);           // bytes that came before the head
  std::optional<Error> blame_ GUARDED_BY(mutex_);  // why we cancelled it
  boost::asio::steady_timer timer_;
  pplx::cancellation_token_source cancel_;
};

http::http_request ToMessage(const HttpRequest& request, const HttpOptions& options) {
  http::http_request message(request.method);
  message.set_request_uri(web::uri(request.target));
  auto& headers = message.headers();
  headers.add("Accept", "application/json");
  headers.add("User-Agent", "muster");
  // cpprest takes the name to verify and to send as SNI from here.
  if (!options.server_name.empty()) headers.add("Host", options.server_name);
  if (!request.authorization.empty()) headers.add("Authorization", request.authorization);
  if (request.method != "GET") {
    streams::producer_consumer_buffer<std::uint8_t> body;
    const auto* data = reinterpret_cast<const std::uint8_t*>(request.body.data());
    if (!request.body.empty()) body.putn_nocopy(data, request.body.size()).get();
    body.close(std::ios_base::out).get();
    const streams::streambuf<std::uint8_t> once(std::make_shared<OnceBody>(body.get_base()));
    message.set_body(once.create_istream(), request.body.size(), request.content_type);
  }
  return message;
}

std::int64_t RetryAfterMs(const http::http_response& response) {
  const auto header = response.headers().find("Retry-After");
  if (header == response.headers().end()) return 0;
  return 1000 * std::clamp<std::int64_t>(base::ParseInt(header->second).value_or(0), 0, 3'600);
}

Error ToError(const std::exception& exception) { return {Code::kUnavailable, exception.what(), 0}; }

class CpprestPool final : public HttpPool {
 public:
  CpprestPool(HttpOptions options, const http::client::http_client_config& config)
      : options_(std::move(options)), client_(web::uri(options_.server), config) {}

  ~CpprestPool() override {
    std::set<std::shared_ptr<Exchange>> under_way;
    {
      Lock lock(mutex_);
      under_way = under_way_;
    }
    for (const auto& exchange : under_way) exchange->Cancel();
    Lock lock(mutex_);
    while (!under_way_.empty()) changed_.wait(mutex_);
  }

  std::shared_ptr<HttpExchange> Start(HttpRequest request, HttpHandler handler) override {
    auto exchange = std::make_shared<Exchange>(std::move(handler), request.timeout_until_head);
    {
      Lock lock(mutex_);
      under_way_.insert(exchange);
    }
    exchange->StartTimer(request.timeout_ms);
    Requested(request, exchange)
        .then([exchange](const pplx::task<http::http_response>& task) {
          const http::http_response response = task.get();
          exchange->Head(response.status_code(), RetryAfterMs(response));
          return response.content_ready();
        })
        .then([this, exchange](const pplx::task<http::http_response>& task) {
          try {
            task.get();
            exchange->End(base::Done{});
          } catch (const std::exception& e) {
            exchange->End(ToError(e));
          }
          Forget(exchange);
        });
    return exchange;
  }

 private:
  pplx::task<http::http_response> Requested(const HttpRequest& request,
                                            const std::shared_ptr<Exchange>& exchange) {
    try {
      http::http_request message = ToMessage(request, options_);
      const streams::streambuf<std::uint8_t> sink(std::make_shared<ByteSink>(
          [exchange](std::string_view bytes) { exchange->Bytes(bytes); }));
      message.set_response_stream(sink.create_ostream());
      return client_.request(message, exchange->token());
    } catch (const std::exception&) {
      return pplx::task_from_exception<http::http_response>(std::current_exception());
    }
  }

  void Forget(const std::shared_ptr<Exchange>& exchange) {
    Lock lock(mutex_);
    under_way_.erase(exchange);
    changed_.notify_all();
  }

  const HttpOptions options_;
  http::client::http_client client_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::set<std::shared_ptr<Exchange>> under_way_ GUARDED_BY(mutex_);
};

bool IsAddress(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

void PostToIoThread(std::function<void()> task) {
  SizeThreadPool();
  crossplat::threadpool::shared_instance().service().post(std::move(task));
}

base::Result<std::unique_ptr<HttpPool>> MakeHttpPool(HttpOptions options) {
  SizeThreadPool();
  try {
    const web::uri server(options.server);
    http::client::http_client_config config;
    config.set_timeout(std::chrono::seconds(kMaxPauseS));
    config.set_validate_certificates(options.verify);
    config.set_max_redirects(0);
    config.set_nativehandle_options(RefuseReplay);
    // RFC 6066: an address is no server name.
    config.set_tlsext_sni_enabled(
        !IsAddress(options.server_name.empty() ? server.host() : options.server_name));
    config.set_ssl_context_callback([tls = options.tls](boost::asio::ssl::context& context) {
      tls->Apply(context.native_handle());
    });
    return std::unique_ptr<HttpPool>(std::make_unique<CpprestPool>(std::move(options), config));
  } catch (const std::exception& e) {
    return Error{Code::kInvalid, options.server + " is no URL of an API server: " + e.what()};
  }
}

}  // namespace muster::kube
