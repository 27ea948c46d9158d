// The real Transport: HTTP/1.1 over TLS by cpprestsdk, keep-alive connections, four threads for the
// whole process.
//
// A request that was written to a connection is never written a second time by itself, except a GET
// whose idle connection the server had closed, and a request that was answered with 401 and for
// which a newer token or certificate could be had.  Reading that may take the time of an exec
// plugin; both tries and what lies between end within the one timeout of the request.
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

// For a process all of whose connections bring their own CA: keeps OpenSSL from parsing the
// system's CA bundle for every new connection, which cpprest asks for before it lets us set ours
// (some ten milliseconds each on Debian 12).  Nothing happens where `connection` has no CA, or has
// a plugin, which may need the system's.  Sets SSL_CERT_FILE: call it before the first thread.
void SkipSystemTrust(const Connection& connection);

}  // namespace muster::kube
