// The objects of a FakeApiServer and what the API server does with them: resourceVersions, uids,
// preconditions, the status subresource, graceful deletion, paging over a snapshot, a history to
// watch from.  No transport, no threads, no faults: see fake_api_server.h.
//
// Threads: none; the FakeApiServer holds its mutex around every call.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "muster/base/clock.h"
#include "muster/kube/transport.h"

namespace muster::testing {

// A path of the API server taken apart.
struct FakePath {
  std::string group_version;  // "/api/v1", "/apis/scheduler.io/v1"
  std::string plural;
  std::string ns;           // empty: all, or a resource without namespaces
  std::string name;         // empty: the collection
  std::string subresource;  // "status", "binding", "eviction" …
  std::map<std::string, std::string> query;

  static FakePath Parse(const std::string& target);
};

// One change, as a watch reports it.
struct FakeEvent {
  std::int64_t version = 0;
  std::string type;  // ADDED, MODIFIED, DELETED
  FakePath object;
  std::string json;
};

class FakeStore {
 public:
  explicit FakeStore(const base::Clock& clock) : clock_(clock) {}

  // What the API server would answer; changes the store unless dryRun=All is asked for.
  kube::Response Handle(const std::string& method, const FakePath& path, const std::string& body);

  // Changes made by somebody else, without preconditions.
  std::string Put(const FakePath& path, const std::string& json);
  bool Remove(const FakePath& path);
  std::optional<std::string> Get(const FakePath& path) const;

  // Forgets the history up to now, and the continue tokens given out.
  void Compact();
  bool IsCompacted(std::int64_t version) const { return version < oldest_; }
  std::int64_t version() const { return version_; }
  // Ever growing; the n-th change is at [n - dropped].
  const std::vector<FakeEvent>& history() const { return history_; }

  static bool Matches(const FakePath& watched, const FakeEvent& event);
  static kube::Response Status(int code, const std::string& reason, const std::string& message);

 private:
  using Json = nlohmann::json;
  using Key = std::tuple<std::string, std::string, std::string, std::string>;

  static Key KeyOf(const FakePath& path);
  kube::Response List(const FakePath& path);
  kube::Response Page(const FakePath& path, std::deque<std::string> items, std::int64_t version,
                      std::size_t limit);
  kube::Response Create(FakePath path, Json object, bool dry_run);
  kube::Response Update(const FakePath& path, Json object, bool dry_run);
  kube::Response Patch(const FakePath& path, const Json& patch, bool dry_run);
  kube::Response Delete(const FakePath& path, const Json& options, bool dry_run);
  kube::Response Bind(const FakePath& path, const Json& binding, bool dry_run);
  std::optional<kube::Response> Precondition(const Json& stored, const Json& meta,
                                             const FakePath& path) const;
  std::string Commit(const FakePath& path, Json object, const std::string& type);

  struct Snapshot {
    std::deque<std::string> items;
    std::int64_t version = 0;
  };

  const base::Clock& clock_;
  std::map<Key, Json> objects_;
  std::vector<FakeEvent> history_;
  std::map<std::string, Snapshot> continuations_;
  std::int64_t version_ = 100;
  std::int64_t oldest_ = 0;
  std::int64_t next_uid_ = 1;
};

}  // namespace muster::testing
