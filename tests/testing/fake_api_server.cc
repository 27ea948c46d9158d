#include "testing/fake_api_server.h"

#include <set>

#include "muster/base/text.h"
#include "testing/fake_api_impl.h"

namespace muster::testing {

using base::Lock;
using kube::Response;
using Answer = FakeAnswer;

namespace {

class FakeStream final : public kube::Stream {
 public:
  explicit FakeStream(std::shared_ptr<FakeWatch> watch) : watch_(std::move(watch)) {}
  ~FakeStream() override {
    Lock lock(watch_->mutex);
    watch_->closed = true;
  }

 private:
  std::shared_ptr<FakeWatch> watch_;
};

}  // namespace

class FakeApiServer::FakeTransport final : public kube::Transport {
 public:
  explicit FakeTransport(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  void Send(kube::Request request, std::function<void(Answer)> done) override {
    impl_->Post([impl = impl_.get(), request = std::move(request), done = std::move(done)] {
      impl->Serve(request, done);
    });
  }

  std::unique_ptr<kube::Stream> Open(kube::Request request, kube::StreamHandler handler) override {
    auto watch = std::make_shared<FakeWatch>();
    watch->path = FakePath::Parse(request.path);
    watch->bare = Bare(request.path);
    watch->handler = std::move(handler);
    impl_->Post([impl = impl_.get(), watch, request = std::move(request)] {
      impl->OpenWatch(watch, request);
    });
    return std::make_unique<FakeStream>(watch);
  }

 private:
  std::shared_ptr<Impl> impl_;
};

FakeApiServer::FakeApiServer(const base::Clock& clock) : impl_(std::make_shared<Impl>(clock)) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

FakeApiServer::~FakeApiServer() {
  ExpireSilent();
  {
    Lock lock(impl_->mutex);
    impl_->stopping = true;
    impl_->changed.notify_all();
  }
  impl_->thread.join();
}

std::shared_ptr<kube::Transport> FakeApiServer::transport() {
  return std::make_shared<FakeTransport>(impl_);
}

std::string FakeApiServer::Put(const std::string& path, const std::string& json) {
  Lock lock(impl_->mutex);
  std::string stored = impl_->store.Put(FakePath::Parse(path), json);
  impl_->Flush();
  return stored;
}

std::optional<std::string> FakeApiServer::Get(const std::string& path) {
  Lock lock(impl_->mutex);
  return impl_->store.Get(FakePath::Parse(path));
}

bool FakeApiServer::Remove(const std::string& path) {
  Lock lock(impl_->mutex);
  const bool removed = impl_->store.Remove(FakePath::Parse(path));
  impl_->Flush();
  return removed;
}

void FakeApiServer::Inject(Fault fault) {
  Lock lock(impl_->mutex);
  impl_->faults.push_back(std::move(fault));
}

void FakeApiServer::ClearFaults() {
  Lock lock(impl_->mutex);
  impl_->faults.clear();
}

void FakeApiServer::ExpireSilent() {
  Lock lock(impl_->mutex);
  for (auto& done : impl_->silent) {
    impl_->Pend([done = std::move(done)] { done(NoAnswer("the request timed out")); });
  }
  impl_->silent.clear();
}

void FakeApiServer::Compact(bool gone_in_stream) {
  Lock lock(impl_->mutex);
  impl_->store.Compact();
  impl_->gone_in_stream = gone_in_stream;
}

int FakeApiServer::CutWatches(const std::string& glob) {
  return impl_->ForWatches(glob, [impl = impl_.get()](const std::shared_ptr<FakeWatch>& watch) {
    {
      Lock lock(impl->mutex);
      watch->ended = true;
    }
    watch->End(NoAnswer("the connection broke"));
  });
}

int FakeApiServer::EndWatches(const std::string& glob) {
  return impl_->ForWatches(glob, [impl = impl_.get()](const std::shared_ptr<FakeWatch>& watch) {
    {
      Lock lock(impl->mutex);
      watch->ended = true;
    }
    watch->End(Response{200, "", 0});
  });
}

int FakeApiServer::SendBookmark(const std::string& glob) {
  std::string version;
  {
    Lock lock(impl_->mutex);
    version = std::to_string(impl_->store.version());
  }
  return SendLine(R"({"type":"BOOKMARK","object":{"kind":"Any","metadata":{"resourceVersion":")" +
                      version + "\"}}}",
                  glob);
}

int FakeApiServer::SendError(int code, const std::string& reason, const std::string& glob) {
  const std::string status = FakeStore::Status(code, reason, "injected").body;
  return SendLine("{\"type\":\"ERROR\",\"object\":" + status + "}", glob);
}

int FakeApiServer::SendLine(const std::string& line, const std::string& glob) {
  return impl_->ForWatches(glob,
                           [line](const std::shared_ptr<FakeWatch>& watch) { watch->Line(line); });
}

int FakeApiServer::OpenWatches(const std::string& glob) { return impl_->ForWatches(glob, nullptr); }

void FakeApiServer::DuplicateEvents(bool on) {
  Lock lock(impl_->mutex);
  impl_->duplicate = on;
}

void FakeApiServer::HoldEvents() {
  Lock lock(impl_->mutex);
  impl_->hold = true;
}

void FakeApiServer::ReleaseEvents(bool reorder_objects) {
  Lock lock(impl_->mutex);
  impl_->hold = false;
  for (const auto& watch : impl_->watches) {
    if (!reorder_objects || watch->silent || watch->ended) continue;
    const auto& history = impl_->store.history();
    std::vector<FakeEvent> left(history.begin() + static_cast<std::ptrdiff_t>(watch->next),
                                history.end());
    watch->next = history.size();
    // Objects by the time of their last event, the latest first; inside one object as it was.
    std::set<std::string> done;
    for (auto last = left.rbegin(); last != left.rend(); ++last) {
      const std::string name = last->object.ns + "/" + last->object.name;
      if (!done.insert(name).second) continue;
      for (const FakeEvent& event : left) {
        if (event.object.ns + "/" + event.object.name == name) impl_->Deliver(watch, event);
      }
    }
  }
  impl_->Flush();
}

void FakeApiServer::Drain() {
  Lock lock(impl_->mutex);
  while (impl_->busy || !impl_->tasks.empty()) impl_->changed.wait(impl_->mutex);
}

std::vector<SeenRequest> FakeApiServer::Seen(const std::string& method, const std::string& glob) {
  Lock lock(impl_->mutex);
  std::vector<SeenRequest> out;
  for (const SeenRequest& request : impl_->seen) {
    if (!method.empty() && request.method != method) continue;
    if (base::GlobMatch(glob, Bare(request.target))) out.push_back(request);
  }
  return out;
}

}  // namespace muster::testing
