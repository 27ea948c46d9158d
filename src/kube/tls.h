// Certificates, keys and base64, by OpenSSL.
//
// Threads: TlsMaterial is immutable after Parse.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "muster/base/result.h"

struct ssl_ctx_st;

namespace muster::kube {

// What a TLS client proves itself with and whom it trusts, parsed once and put into many contexts.
class TlsMaterial {
 public:
  // Any of the three may be empty, certificate and key only together.  kInvalid with a clause that
  // completes "the CA / client certificate / client key …".
  static base::Result<std::shared_ptr<const TlsMaterial>> Parse(const std::string& ca_pem,
                                                                const std::string& certificate_pem,
                                                                const std::string& key_pem);
  ~TlsMaterial();

  // Trust (ours alone when a CA was given), identity, TLS 1.2 or newer.
  void Apply(ssl_ctx_st* context) const;

 private:
  struct Parts;
  explicit TlsMaterial(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// RFC 4648 with padding; line breaks and spaces are skipped.
base::Result<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);

}  // namespace muster::kube
