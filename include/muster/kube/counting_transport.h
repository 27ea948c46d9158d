// A Transport that counts what it carries: for requests that go through no Client, those of the
// reflectors and of leader election.
//
// Threads: as a Transport; stats() from any.
#pragma once

#include <memory>
#include <string>

#include "muster/base/clock.h"
#include "muster/kube/request_stats.h"
#include "muster/kube/transport.h"

namespace muster::kube {

class CountingTransport final : public Transport {
 public:
  // `get`: what a GET is here, "get" or "list".  The clock must outlive this.
  CountingTransport(std::shared_ptr<Transport> inner, const base::Clock& clock, std::string get);
  ~CountingTransport() override;

  void Send(Request request, std::function<void(base::Result<Response>)> done) override;
  // A watch counts once: with its first line, or when it ends without any.
  std::unique_ptr<Stream> Open(Request request, StreamHandler handler) override;

  RequestStats stats() const;

 private:
  struct Counts;
  const std::shared_ptr<Counts> counts_;  // shared with callbacks that are still under way
  const base::Clock& clock_;
  const std::string get_;
  std::shared_ptr<Transport> inner_;
};

}  // namespace muster::kube
