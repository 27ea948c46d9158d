// The inside of a FakeApiServer: its thread, its faults and its open watches.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/mutex.h"
#include "testing/fake_api_server.h"
#include "testing/fake_store.h"

namespace muster::testing {

using FakeAnswer = base::Result<kube::Response>;

// What a broken connection looks like.
inline FakeAnswer NoAnswer(const char* why) {
  return base::Error{base::Code::kUnavailable, why, 0};
}

// A target without its query.
inline std::string Bare(const std::string& target) { return target.substr(0, target.find('?')); }

// One open watch.  `mutex` is held while a callback runs: that is what the Stream waits for.
struct FakeWatch {
  FakePath path;
  std::string bare;
  std::size_t next = 0;  // index into the history
  bool silent = false;
  bool ended = false;  // no more to say; guarded by the server's mutex

  base::Mutex mutex;
  bool closed GUARDED_BY(mutex) = false;
  kube::StreamHandler handler;

  void Line(const std::string& line) {
    base::Lock lock(mutex);
    if (!closed) handler.on_line(line);
  }
  void End(FakeAnswer answer) {
    base::Lock lock(mutex);
    if (!closed) handler.on_end(std::move(answer));
    closed = true;
  }
};

struct FakeApiServer::Impl {
  using Answer = FakeAnswer;
  using Task = std::function<void()>;

  explicit Impl(const base::Clock& clock) : store(clock) {}

  void Run();
  void Post(Task task);
  void Serve(const kube::Request& request, const std::function<void(FakeAnswer)>& done);
  void OpenWatch(const std::shared_ptr<FakeWatch>& watch, const kube::Request& request);
  std::optional<Fault> TakeFault(const std::string& method, const std::string& target)
      REQUIRES_LOCK(mutex);
  void Flush() REQUIRES_LOCK(mutex);
  void Deliver(const std::shared_ptr<FakeWatch>& watch, const FakeEvent& event)
      REQUIRES_LOCK(mutex);
  int ForWatches(const std::string& glob,
                 const std::function<void(const std::shared_ptr<FakeWatch>&)>& act);
  void Pend(Task task) REQUIRES_LOCK(mutex) {
    tasks.push_back(std::move(task));
    changed.notify_all();
  }

  base::Mutex mutex;
  base::CondVar changed;
  std::deque<Task> tasks GUARDED_BY(mutex);
  bool busy GUARDED_BY(mutex) = false;
  bool stopping GUARDED_BY(mutex) = false;
  FakeStore store GUARDED_BY(mutex);
  std::list<Fault> faults GUARDED_BY(mutex);
  std::vector<SeenRequest> seen GUARDED_BY(mutex);
  std::vector<std::function<void(FakeAnswer)>> silent GUARDED_BY(mutex);
  std::vector<std::shared_ptr<FakeWatch>> watches GUARDED_BY(mutex);
  bool gone_in_stream GUARDED_BY(mutex) = false;
  bool duplicate GUARDED_BY(mutex) = false;
  bool hold GUARDED_BY(mutex) = false;
  std::thread thread;
};

}  // namespace muster::testing
