#include "testing/fake_api_impl.h"

#include "muster/base/text.h"

namespace muster::testing {

using base::Lock;
using kube::Response;
using Answer = FakeAnswer;

// Carries out tasks until stopped and nothing is left.
void FakeApiServer::Impl::Run() {
  while (true) {
    Task task;
    {
      Lock lock(mutex);
      busy = false;
      changed.notify_all();
      while (tasks.empty() && !stopping) changed.wait(mutex);
      if (tasks.empty()) return;
      task = std::move(tasks.front());
      tasks.pop_front();
      busy = true;
    }
    task();
  }
}

void FakeApiServer::Impl::Post(Task task) {
  Lock lock(mutex);
  Pend(std::move(task));
}

std::optional<Fault> FakeApiServer::Impl::TakeFault(const std::string& method,
                                                    const std::string& target) {
  for (auto it = faults.begin(); it != faults.end(); ++it) {
    if (!it->method.empty() && it->method != method) continue;
    if (!base::GlobMatch(it->path, Bare(target))) continue;
    if (it->skip > 0) {
      --it->skip;
      continue;
    }
    Fault fault = *it;
    if (--it->times == 0) faults.erase(it);
    return fault;
  }
  return std::nullopt;
}

namespace {

Response ToResponse(const Fault& fault) {
  Response response = FakeStore::Status(fault.status, fault.reason, fault.message);
  response.retry_after_ms = fault.retry_after_ms;
  if (!fault.cause.empty()) {
    const std::string causes = "\"details\":{\"causes\":[{\"reason\":\"" + fault.cause + "\"}]}";
    response.body.replace(response.body.find("\"details\":{}"), 12, causes);
  }
  return response;
}

}  // namespace

void FakeApiServer::Impl::Serve(const kube::Request& request,
                                const std::function<void(Answer)>& done) {
  Answer answer = NoAnswer("the connection broke");
  {
    Lock lock(mutex);
    seen.push_back({request.method, request.path, request.body, request.content_type, 0});
    const std::optional<Fault> fault = TakeFault(request.method, request.path);
    if (fault && fault->kind == FaultKind::kSilence) {
      silent.push_back(done);
      return;
    }
    if (fault && fault->kind == FaultKind::kStatus) {
      answer = ToResponse(*fault);
    } else if (!fault || fault->kind != FaultKind::kNoAnswer) {
      Response carried_out =
          store.Handle(request.method, FakePath::Parse(request.path), request.body);
      if (fault && fault->kind == FaultKind::kTorn) {
        carried_out.body.resize(carried_out.body.size() / 2);
      }
      if (!fault || fault->kind == FaultKind::kTorn) answer = std::move(carried_out);
      Flush();
    }
    if (answer.ok()) seen.back().status = answer->status;
  }
  done(std::move(answer));
}

void FakeApiServer::Impl::OpenWatch(const std::shared_ptr<FakeWatch>& watch,
                                    const kube::Request& request) {
  std::optional<Answer> refused;
  {
    Lock lock(mutex);
    seen.push_back({"WATCH", request.path, "", "", 200});
    const std::optional<Fault> fault = TakeFault("WATCH", request.path);
    const auto asked = base::ParseInt(watch->path.query["resourceVersion"]);
    const std::int64_t from = asked.value_or(store.version());
    if (fault && fault->kind == FaultKind::kStatus) {
      refused = ToResponse(*fault);
    } else if (fault && fault->kind != FaultKind::kSilence) {
      refused = NoAnswer("the connection broke");
    } else if (store.IsCompacted(from)) {
      Response gone = FakeStore::Status(410, "Expired", "too old resource version");
      if (gone_in_stream) {
        Pend([watch, body = gone.body] {
          watch->Line("{\"type\":\"ERROR\",\"object\":" + body + "}");
          watch->End(Response{200, "", 0});
        });
        return;
      }
      refused = gone;
    }
    if (!refused) {
      watch->silent = fault.has_value();
      const auto& history = store.history();
      while (watch->next < history.size() && history[watch->next].version <= from) ++watch->next;
      for (const char* key :
           {"watch", "allowWatchBookmarks", "timeoutSeconds", "resourceVersion"}) {
        watch->path.query.erase(key);
      }
      watches.push_back(watch);
      Flush();
      return;
    }
    seen.back().status = refused->ok() ? (*refused)->status : 0;
  }
  watch->End(std::move(*refused));
}

void FakeApiServer::Impl::Deliver(const std::shared_ptr<FakeWatch>& watch, const FakeEvent& event) {
  if (!FakeStore::Matches(watch->path, event)) return;
  std::string line = "{\"type\":\"" + event.type + "\",\"object\":" + event.json + "}";
  for (int i = 0; i < (duplicate ? 2 : 1); ++i) Pend([watch, line] { watch->Line(line); });
}

// Sends every watch what it has not had yet.
void FakeApiServer::Impl::Flush() {
  if (hold) return;
  for (const auto& watch : watches) {
    if (watch->silent || watch->ended) continue;
    const auto& history = store.history();
    while (watch->next < history.size()) Deliver(watch, history[watch->next++]);
  }
}

int FakeApiServer::Impl::ForWatches(
    const std::string& glob, const std::function<void(const std::shared_ptr<FakeWatch>&)>& act) {
  Lock lock(mutex);
  int count = 0;
  for (const auto& watch : watches) {
    bool open = !watch->ended && base::GlobMatch(glob, watch->bare);
    if (open) {
      Lock inner(watch->mutex);
      open = !watch->closed;
    }
    if (!open) continue;
    ++count;
    if (act) Pend([act, watch] { act(watch); });
  }
  return count;
}

}  // namespace muster::testing
