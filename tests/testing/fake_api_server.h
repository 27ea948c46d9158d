// An API server in memory, behind the Transport seam, that misbehaves when told to.
//
//   FakeApiServer api(clock);
//   api.Put("/api/v1/nodes/n1", R"({"metadata":{"labels":{"a":"b"}}})");   // somebody else's write
//   api.Inject({.method = "POST", .path = "*/pods", .kind = FaultKind::kLostResponse});
//   kube::Client client(api.transport(), clock, {});
//   …
//   api.Drain();
//   EXPECT_EQ(api.Seen("POST").size(), 1u);
//
// It keeps any kind of object by its path, gives uids and resourceVersions, honours preconditions
// (uid, resourceVersion), dryRun=All, the status subresource, Binding, Eviction, merge patch, JSON
// patch, apply (as a merge), label and field selectors of "=", limit and continue over a snapshot.
// Pods with a node get a deletionTimestamp when deleted and go when the test calls Remove; there is
// no garbage collection by owner and no validation.
//
// Requests are carried out one after the other, in the order of Send and Open, by one thread of the
// server, which also makes all callbacks; so a test that sends from one thread is deterministic.
// Nothing waits for real time.
//
// Threads: every method may be called from any thread but Drain, which no callback may call.
// Ownership: Streams must be destroyed before the server; unanswered Sends get kUnavailable then.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/clock.h"
#include "muster/kube/transport.h"

namespace muster::testing {

enum class FaultKind {
  kStatus,        // answered with `status` without being carried out
  kNoAnswer,      // the connection breaks before anything is carried out
  kLostResponse,  // carried out, then the connection breaks
  kTorn,          // answered with the first half of the body
  kSilence,       // never answered (until ExpireSilent); a watch opens but says nothing
};

// Applies to the next `times` requests that match, after letting `skip` of them pass.
struct Fault {
  std::string method = {};  // empty: any; "WATCH" for the opening of a watch
  std::string path = "*";   // glob over the target without its query
  FaultKind kind = FaultKind::kStatus;
  int status = 500;
  std::string reason = "InternalError";
  std::string message = "injected";
  std::int64_t retry_after_ms = 0;
  std::string cause = {};  // details.causes[0].reason, e.g. "DisruptionBudget"
  int times = 1;
  int skip = 0;
};

// One request as it arrived, in order.
struct SeenRequest {
  std::string method;  // "WATCH" for a watch
  std::string target;  // query included
  std::string body;
  std::string content_type;
  int status = 0;  // what was answered; 0: nothing
};

class FakeApiServer {
 public:
  explicit FakeApiServer(const base::Clock& clock);
  ~FakeApiServer();
  FakeApiServer(const FakeApiServer&) = delete;
  FakeApiServer& operator=(const FakeApiServer&) = delete;

  // All transports reach the same server.  They must not outlive it.
  std::shared_ptr<kube::Transport> transport();

  // The store, changed by somebody else.  Paths are those of objects; Put makes or replaces and
  // returns what is stored, Get gives nothing if it is absent, Remove deletes at once.
  std::string Put(const std::string& path, const std::string& json);
  std::optional<std::string> Get(const std::string& path);
  bool Remove(const std::string& path);

  void Inject(Fault fault);
  void ClearFaults();
  // Answers kUnavailable to everything that kSilence holds.
  void ExpireSilent();

  // History: what is older than now is answered with 410, as HTTP status of the watch or, if asked
  // for, as an ERROR event inside a 200 stream.  Continue tokens given out are lost too.
  void Compact(bool gone_in_stream = false);

  // Open watches whose target matches the glob; each returns how many there were.
  int CutWatches(const std::string& glob = "*");  // the connection breaks
  int EndWatches(const std::string& glob = "*");  // the server closes politely
  int SendBookmark(const std::string& glob = "*");
  int SendError(int code, const std::string& reason, const std::string& glob = "*");
  int SendLine(const std::string& line, const std::string& glob = "*");
  int OpenWatches(const std::string& glob = "*");

  // From now on: every event twice; nothing at all (the events wait).
  void DuplicateEvents(bool on);
  // ReleaseEvents sends what was held: in order, or with the order of different objects reversed
  // (that of one object never changes).
  void HoldEvents();
  void ReleaseEvents(bool reorder_objects = false);

  // Waits until every request received so far has been answered and every event delivered.
  void Drain();

  // What arrived; filtered by method ("" any) and glob over the target without query.
  std::vector<SeenRequest> Seen(const std::string& method = "", const std::string& glob = "*");

 private:
  struct Impl;
  class FakeTransport;
  std::shared_ptr<Impl> impl_;
};

}  // namespace muster::testing
