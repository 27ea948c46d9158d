// Puts the fence in force for a new leader (placement-protocol.md, fencing 4): marks the operator's
// namespace, by which the policies judge, and then makes dry-run writes until the new epoch is
// accepted and the old one refused, at every address where an API server listens, for each has its
// own copy of the mark.  Where one cannot be reached by its address, or says nothing about epochs
// any more, a whole lease duration passes instead; one that answers is asked until it is fenced.
//
// Threads: Run blocks; one thread a probe.  trouble() from any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/base/clock.h"
#include "muster/base/mutex.h"
#include "muster/base/result.h"
#include "muster/kube/client.h"

namespace muster::op {

// What a dry-run write with some epoch was told.
enum class FenceAnswer { kAccepted, kFenced, kUnknown };  // kUnknown: no word about the epoch
FenceAnswer JudgeProbe(const base::Result<std::string>& answer);

// A connection to the API server at "address:port"; nothing if there can be none.
using ConnectTo = std::function<std::shared_ptr<kube::Transport>(const std::string& address)>;

struct FenceProbeOptions {
  std::string ns;       // the operator's own: of the mark and of the dry runs
  std::string replica;  // whom the mark names
  std::int64_t lease_duration_ms = 15'000;
};

class FenceProbe {
 public:
  FenceProbe(kube::Client& client, ConnectTo connect, const base::Clock& clock,
             FenceProbeOptions options);

  // True: fenced.  False: the policy is not in force, and a lease duration is over.  Nothing:
  // `may_go_on` has become false, or a leader of a higher epoch has left its mark.
  std::optional<bool> Run(std::int64_t epoch, const std::function<bool()>& may_go_on);
  // Why it goes on: the last answer that was neither consent nor about the epoch; empty: none.
  std::string trouble() const;

 private:
  // One way to an API server.
  struct Server {
    std::string address;                // empty: as configured, whoever answers there
    std::unique_ptr<kube::Client> own;  // null: the configured one
    std::int64_t silent_since_ms =
        0;  // BootMs of its last word about an epoch, or of the beginning
    FenceAnswer old =
        FenceAnswer::kUnknown;  // what the old epoch was told after the new was accepted
  };

  bool Mark(std::int64_t epoch, const std::function<bool()>& may_go_on);
  std::vector<Server> FindServers();
  bool MaySpeakForMore();
  void Try(Server& server, std::int64_t epoch);
  bool AllSilent(const std::vector<const Server*>& servers);
  FenceAnswer TryEpoch(Server& server, std::int64_t epoch);
  void TakeTrouble(const std::string& what, const std::string& server, const std::string& message);
  void Pause();

  kube::Client& client_;
  const ConnectTo connect_;
  const base::Clock& clock_;
  const FenceProbeOptions options_;
  bool sized_ = true;           // the pod of the next question names what it needs
  std::set<std::string> told_;  // troubles in the log
  mutable base::Mutex mutex_;
  std::string trouble_ GUARDED_BY(mutex_);
};

}  // namespace muster::op
