// Keeps a Sink equal to one collection of the API server: paged LIST, then WATCH with bookmarks,
// resumed from the last resourceVersion; a new LIST after 410 (as HTTP status or as an in-stream
// ERROR event).  A silent watch is cut after `idle_cut_ms` and resumed.  Back-off with jitter.
//
// Events are passed on as they come, duplicates included: a Sink looks at the state it is given,
// not at the change.  resourceVersion is opaque: never compared, only handed back.
//
// Threads: one thread of its own for each Reflector; Sink methods are called on it, one at a time.
// Ownership: the Transport and the Clock must outlive the Reflector.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/api/codec.h"
#include "muster/base/clock.h"
#include "muster/kube/transport.h"

namespace muster::kube {

// Where a Reflector delivers.  Objects of a Replace are everything there is at `resource_version`:
// what the sink knows and is not in it has been deleted.
template <class T>
struct Sink {
  std::function<void(std::vector<T> all, const std::string& resource_version)> replace;
  std::function<void(T object)> upsert;  // ADDED and MODIFIED
  std::function<void(T object)> remove;  // last known state
};

struct ReflectorOptions {
  std::string path = {};  // collection, e.g. /apis/scheduler.io/v1/jobs
  std::int64_t page_size = 500;
  std::int64_t idle_cut_ms = 120'000;
  std::int64_t request_timeout_ms = 30'000;  // of one page, and of the head of a watch
  std::uint64_t seed = 0;                    // of the jitter; 0 takes one from path and clock
};

// What /readyz and the metrics show of one Reflector.
struct ReflectorStats {
  bool synced = false;  // a LIST has been delivered and no re-list is pending
  std::int64_t lists = 0;
  std::int64_t watches = 0;
  std::int64_t events = 0;  // delivered; bookmarks not counted
  std::string last_error;   // empty when the last attempt went well
};

// The part without types: raw lists and lines.  Reflector<T> below adds the codec.
class RawReflector {
 public:
  struct Handler {
    // A LIST begins: the pages of one that did not come to its end are void.
    std::function<void()> begin;
    std::function<void(std::string_view body)> page;                  // one whole page, in order
    std::function<void(const std::string& resource_version)> listed;  // that was the last one
    // One ADDED/MODIFIED/DELETED line of the watch.  BOOKMARK and ERROR never arrive here.
    std::function<void(std::string_view line)> event;
  };
  RawReflector(Transport& transport, const base::Clock& clock, ReflectorOptions options,
               Handler handler);
  ~RawReflector();

  void Start();
  void Stop();  // no call of the handler after it returns
  // A consistent LIST (empty resourceVersion) as soon as possible: a new leader's barrier.  The
  // number of this wish, which grows.
  std::uint64_t Relist();
  // The newest wish that was known when the LIST began that is being delivered.
  // REQUIRES: called by Handler::listed.
  std::uint64_t answered() const;
  ReflectorStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

template <class T>
class Reflector {
 public:
  Reflector(Transport& transport, const base::Clock& clock, ReflectorOptions options, Sink<T> sink)
      : sink_(std::move(sink)),
        raw_(transport, clock, std::move(options),
             {[this] { all_.clear(); },
              [this](std::string_view body) {
                for (T& item : api::DecodeList<T>(body)) all_.push_back(std::move(item));
              },
              [this](const std::string& rv) { sink_.replace(std::exchange(all_, {}), rv); },
              [this](std::string_view line) {
                api::WatchEvent<T> event = api::DecodeWatchEvent<T>(line);
                if (event.type == api::WatchType::kDeleted) {
                  sink_.remove(std::move(event.object));
                } else if (event.type != api::WatchType::kOther) {
                  sink_.upsert(std::move(event.object));
                }
              }}) {}

  void Start() { raw_.Start(); }
  void Stop() { raw_.Stop(); }
  std::uint64_t Relist() { return raw_.Relist(); }
  // REQUIRES: called by Sink::replace.
  std::uint64_t answered() const { return raw_.answered(); }
  ReflectorStats stats() const { return raw_.stats(); }

 private:
  Sink<T> sink_;
  std::vector<T> all_;  // of the pages so far; the reflector's thread
  RawReflector raw_;
};

}  // namespace muster::kube
