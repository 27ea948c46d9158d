// Who we are to the API server: a fixed token, a token file that rotates, an exec plugin, or only a
// client certificate.
//
// Threads: safe for concurrent use; a caller may wait for another one's exec plugin to end.
#pragma once

#include <cstdint>
#include <string>

#include "muster/base/clock.h"
#include "muster/base/mutex.h"
#include "muster/base/result.h"
#include "muster/kube/kubeconfig.h"

namespace muster::kube {

struct Credential {
  std::string token;  // empty: none
  std::string certificate_pem;
  std::string key_pem;
  std::uint64_t serial = 0;  // grows whenever one of them changes
};

class Credentials {
 public:
  // A token file is read again when what is known is older than this.
  static constexpr std::int64_t kTokenAgeMs = 10'000;

  Credentials(const Connection& connection, const base::Clock& clock);

  // What to use now.  Reads the token file or runs the exec plugin when that is due; if that fails
  // and there is an older credential, the older one (it may still be good).
  base::Result<Credential> Current();

  // The server answered 401 to the credential of `serial`: true if there is a newer one now.
  bool Renew(std::uint64_t serial);

 private:
  base::Status Refresh() REQUIRES_LOCK(mutex_);
  base::Status ReadTokenFile() REQUIRES_LOCK(mutex_);
  base::Status RunPlugin() REQUIRES_LOCK(mutex_);
  void Set(std::string token, std::string certificate, std::string key) REQUIRES_LOCK(mutex_);

  const Connection connection_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  Credential current_ GUARDED_BY(mutex_);
  bool known_ GUARDED_BY(mutex_) = false;
  std::int64_t due_boot_ms_ GUARDED_BY(mutex_) = 0;  // when to refresh; kForever: never
};

}  // namespace muster::kube
