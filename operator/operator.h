// The composition root: builds every part once, connects them, and runs the owner thread.
//
// Threads: constructed, run and destroyed on one thread, the owner; RequestStop from any.
#pragma once

#include <memory>
#include <string>

#include "fence_probe.h"
#include "muster/config/load.h"
#include "muster/kube/transport.h"

namespace muster::op {

// What main hands over: the connections and the settings they were made from.
struct Parts {
  std::shared_ptr<kube::Transport> transport;        // watches and writes
  std::shared_ptr<kube::Transport> lease_transport;  // the lease's own connection
  ConnectTo connect;                                 // to one of several API servers
  config::Invocation invocation;
  config::Settings settings;
  std::string version;
};

class Operator {
 public:
  explicit Operator(Parts parts);
  ~Operator();

  // Until RequestStop, or until the lease is lost.  The exit code of the process.
  int Run();
  void RequestStop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::op
