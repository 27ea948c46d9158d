// The real Transport: HTTP/1.1 over TLS by cpprestsdk, keep-alive connections, four threads for the
// whole process.
//
// A request that was written to a connection is never written a second time by itself, except a GET
// whose idle connection the server had closed, and a request that was answered with 401 and for
// which a newer token or certificate could be had.  Reading that may take the time of an exec
// plugin.
//
// Threads: as Transport.  Ownership: the clock must outlive the transport.
#pragma once

#include <memory>

#include "muster/base/clock.h"
#include "muster/kube/kubeconfig.h"
#include "muster/kube/transport.h"

namespace muster::kube {

// kInvalid when certificates or keys do not parse or match, or the server is no https URL.
base::Result<std::shared_ptr<Transport>> MakeCpprestTransport(
    const Connection& connection, const base::Clock& clock = base::SystemClock());

}  // namespace muster::kube
