#include "muster/kube/cpprest_transport.h"

#include <cstdlib>
#include <vector>

#include "credentials.h"
#include "http.h"
#include "muster/base/mutex.h"

namespace muster::kube {
namespace {

using base::Code;
using base::Error;
using base::Lock;
using Done = std::function<void(base::Result<Response>)>;

// The pools of one identity.  A new client certificate needs new connections, so new pools.
struct Pools {
  std::unique_ptr<HttpPool> calls;
  std::unique_ptr<HttpPool> streams;
  std::string certificate_pem;
};

// Cuts a byte stream into lines; what has no newline at the end is no line.
class LineSplitter {
 public:
  template <class OnLine>
  void Add(std::string_view bytes, const OnLine& on_line) {
    while (true) {
      const std::size_t end = bytes.find('\n');
      if (end == std::string_view::npos) break;
      if (rest_.empty()) {
        if (end > 0) on_line(bytes.substr(0, end));
      } else {
        rest_ += bytes.substr(0, end);
        on_line(std::string_view(rest_));
        rest_.clear();
      }
      bytes.remove_prefix(end + 1);
    }
    rest_ += bytes;
  }

 private:
  std::string rest_;
};

// One open watch between the HTTP exchange and its Stream.
struct StreamState {
  base::Mutex mutex;  // held while a callback of the handler runs
  bool cut GUARDED_BY(mutex) = false;
  StreamHandler handler;
  Response head;
  LineSplitter lines;
  std::shared_ptr<HttpExchange> exchange;

  void Bytes(std::string_view bytes) {
    Lock lock(mutex);
    if (cut) return;
    if (head.status == 200) {
      lines.Add(bytes, handler.on_line);
    } else {
      head.body += bytes;
    }
  }
  void End(const base::Status& status) {
    Lock lock(mutex);
    if (cut) return;
    cut = true;
    if (!status.ok()) {
      handler.on_end(status.error());
    } else {
      handler.on_end(std::move(head));
    }
  }
};

class OpenStream final : public Stream {
 public:
  explicit OpenStream(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
  ~OpenStream() override {
    {
      Lock lock(state_->mutex);
      state_->cut = true;
    }
    if (state_->exchange) state_->exchange->Cancel();
  }

 private:
  std::shared_ptr<StreamState> state_;
};

class CpprestTransport final : public Transport {
 public:
  CpprestTransport(const Connection& connection, const base::Clock& clock)
      : connection_(connection), clock_(clock), credentials_(connection, clock) {}

  ~CpprestTransport() override {
    std::vector<std::shared_ptr<Pools>> pools;
    {
      Lock lock(mutex_);
      stopping_ = true;
      pools = pools_;
    }
    for (const auto& one : pools) {
      one->calls.reset();  // waits
      one->streams.reset();
    }
    Lock lock(mutex_);
    while (posted_ > 0) changed_.wait(mutex_);
  }

  void Send(Request request, Done done) override {
    const std::int64_t until_ms = clock_.BootMs() + request.timeout_ms;
    SendAs(std::make_shared<const Sending>(Sending{std::move(request), until_ms}), std::move(done),
           /*first=*/true);
  }
  std::unique_ptr<Stream> Open(Request request, StreamHandler handler) override;

  // Errors in certificates, keys and plugins are found when the transport is made.
  base::Status Prepare() {
    const base::Result<Credential> credential = credentials_.Current();
    if (!credential.ok()) return credential.error();
    const base::Result<std::shared_ptr<Pools>> pools = PoolsFor(*credential);
    if (!pools.ok()) return pools.error();
    return base::Done{};
  }

 private:
  using Which = std::unique_ptr<HttpPool> Pools::*;
  // Its time includes that of the credentials and of the second try: a leader's write must not
  // arrive after its lease may have passed to another.
  struct Sending {
    Request request;
    std::int64_t until_ms = 0;  // BootMs
  };

  void SendAs(const std::shared_ptr<const Sending>& sending, Done done, bool first);
  base::Result<std::shared_ptr<HttpExchange>> Start(const Request& request, HttpHandler handler,
                                                    Which which, const Credential& credential);
  base::Result<std::shared_ptr<Pools>> PoolsFor(const Credential& credential);
  void Post(std::function<void()> task);

  const Connection connection_;
  const base::Clock& clock_;
  Credentials credentials_;
  base::Mutex mutex_;
  base::CondVar changed_;
  // The last is in use; older ones end with the transport, for a request may still hold them.
  std::vector<std::shared_ptr<Pools>> pools_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  int posted_ GUARDED_BY(mutex_) = 0;  // tasks of Post that have not ended
};

// For answers that are known at once: a callback must not run inside the call that registered it.
void CpprestTransport::Post(std::function<void()> task) {
  {
    Lock lock(mutex_);
    ++posted_;
  }
  PostToIoThread([this, task = std::move(task)] {
    task();
    Lock lock(mutex_);
    --posted_;
    changed_.notify_all();
  });
}

base::Result<std::shared_ptr<Pools>> CpprestTransport::PoolsFor(const Credential& credential) {
  Lock lock(mutex_);
  if (stopping_) return Error{Code::kUnavailable, "not sent: shutting down"};
  if (!pools_.empty() && pools_.back()->certificate_pem == credential.certificate_pem) {
    return pools_.back();
  }
  const auto tls =
      TlsMaterial::Parse(connection_.ca_pem, credential.certificate_pem, credential.key_pem);
  if (!tls.ok()) return Error{tls.error().code, "the " + tls.error().message};
  auto pools = std::make_shared<Pools>();
  pools->certificate_pem = credential.certificate_pem;
  const HttpOptions options{connection_.server, !connection_.insecure_skip_tls_verify,
                            connection_.tls_server_name, *tls};
  for (const Which which : {&Pools::calls, &Pools::streams}) {
    auto pool = MakeHttpPool(options);
    if (!pool.ok()) return pool.error();
    (*pools).*which = std::move(*pool);
  }
  pools_.push_back(pools);
  return pools;
}

base::Result<std::shared_ptr<HttpExchange>> CpprestTransport::Start(const Request& request,
                                                                    HttpHandler handler,
                                                                    Which which,
                                                                    const Credential& credential) {
  const base::Result<std::shared_ptr<Pools>> pools = PoolsFor(credential);
  if (!pools.ok()) return pools.error();
  HttpRequest out;
  out.method = request.method;
  out.target = request.path;
  out.body = request.body;
  out.content_type = request.content_type;
  out.timeout_ms = request.timeout_ms;
  out.timeout_until_head = which == &Pools::streams;
  if (!credential.token.empty()) out.authorization = "Bearer " + credential.token;
  return ((**pools).*which)->Start(std::move(out), std::move(handler));
}

void CpprestTransport::SendAs(const std::shared_ptr<const Sending>& sending, Done done,
                              bool first) {
  const base::Result<Credential> credential = credentials_.Current();
  if (!credential.ok()) {
    Post([done = std::move(done), error = credential.error()] { done(error); });
    return;
  }
  Request request = sending->request;
  request.timeout_ms = sending->until_ms - clock_.BootMs();
  if (request.timeout_ms <= 0) {
    Post([done = std::move(done)] {
      done(Error{Code::kUnavailable, "not sent: the credentials took all of the time"});
    });
    return;
  }
  auto response = std::make_shared<Response>();
  HttpHandler handler;
  handler.on_head = [response](int status, std::int64_t retry_after_ms) {
    response->status = status;
    response->retry_after_ms = retry_after_ms;
  };
  handler.on_bytes = [response](std::string_view bytes) { response->body += bytes; };
  handler.on_end = [this, sending, response, done, first,
                    serial = credential->serial](const base::Status& status) {
    if (!status.ok()) {
      done(status.error());
    } else if (response->status == 401 && first && credentials_.Renew(serial)) {
      SendAs(sending, done, /*first=*/false);  // a refused request was not carried out
    } else {
      done(std::move(*response));
    }
  };
  const auto started = Start(request, std::move(handler), &Pools::calls, *credential);
  if (!started.ok()) {
    Post([done = std::move(done), error = started.error()] { done(error); });
  }
}

std::unique_ptr<Stream> CpprestTransport::Open(Request request, StreamHandler handler) {
  auto state = std::make_shared<StreamState>();
  state->handler = std::move(handler);
  auto stream = std::make_unique<OpenStream>(state);
  const base::Result<Credential> credential = credentials_.Current();
  if (!credential.ok()) {
    Post([state, error = credential.error()] { state->End(error); });
    return stream;
  }
  HttpHandler to_state;
  to_state.on_head = [state](int status, std::int64_t retry_after_ms) {
    state->head.status = status;
    state->head.retry_after_ms = retry_after_ms;
  };
  to_state.on_bytes = [state](std::string_view bytes) { state->Bytes(bytes); };
  to_state.on_end = [this, state, serial = credential->serial](const base::Status& status) {
    if (state->head.status == 401) credentials_.Renew(serial);  // for the next one
    state->End(status);
  };
  const auto started = Start(request, std::move(to_state), &Pools::streams, *credential);
  if (started.ok()) {
    state->exchange = *started;
  } else {
    Post([state, error = started.error()] { state->End(error); });
  }
  return stream;
}

}  // namespace

base::Result<std::shared_ptr<Transport>> MakeCpprestTransport(const Connection& connection,
                                                              const base::Clock& clock) {
  auto transport = std::make_shared<CpprestTransport>(connection, clock);
  const base::Status prepared = transport->Prepare();
  if (!prepared.ok()) return prepared.error();
  return std::shared_ptr<Transport>(std::move(transport));
}

void SkipSystemTrust(const Connection& connection) {
  if (connection.ca_pem.empty() || connection.exec) return;
  setenv("SSL_CERT_FILE", "/dev/null", 1);
}

}  // namespace muster::kube
