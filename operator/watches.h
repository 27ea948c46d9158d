// One reflector for each kind the operator reads; what they deliver is posted to the owner thread
// and goes into the ClusterState.
//
// Threads: built, started and stopped on the owner thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "event_loop.h"
#include "muster/kube/reflector.h"
#include "muster/state/cluster_state.h"

namespace muster::op {

// What is known of one kind's watch.
struct WatchState {
  std::string plural;
  std::int64_t lists = 0;  // LISTs that have arrived in the ClusterState
  kube::ReflectorStats stats;
};

class Watches {
 public:
  Watches(kube::Transport& transport, const base::Clock& clock, EventLoop& loop,
          state::ClusterState& state);
  ~Watches();

  void Start();
  void Stop();
  // Asks every kind for a consistent LIST; Fresh() is true once all of them have arrived.
  // REQUIRES: AllSynced().
  void Relist();
  bool Fresh() const;
  // Every kind's first LIST is in the ClusterState.
  bool AllSynced() const;
  std::vector<WatchState> states() const;

 private:
  struct Watch;
  template <class T>
  void Add(const std::string& plural, const std::string& path);
  void Tell(const std::string& trouble);

  kube::Transport& transport_;
  const base::Clock& clock_;
  EventLoop& loop_;
  state::ClusterState& state_;
  std::vector<std::unique_ptr<Watch>> watches_;
};

}  // namespace muster::op
