#include "tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace muster::kube {
namespace {

using base::Code;
using base::Error;

template <class T, void (*kFree)(T*)>
struct Freed {
  void operator()(T* p) const { kFree(p); }
};
using X509Ptr = std::unique_ptr<X509, Freed<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE, X509_STORE_free>>;
struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;

BioPtr Open(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::vector<X509Ptr> ReadCertificates(const std::string& pem) {
  std::vector<X509Ptr> certificates;
  const BioPtr bio = Open(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  ERR_clear_error();  // the end of the text is an error to OpenSSL
  return certificates;
}

// An encrypted key would otherwise ask for its pass phrase on the terminal.
int NoPassPhrase(char*, int, int, void*) { return -1; }

KeyPtr ReadKey(const std::string& pem) {
  const BioPtr bio = Open(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassPhrase, nullptr));
  ERR_clear_error();
  return key;
}

}  // namespace

struct TlsMaterial::Parts {
  StorePtr trust;                     // null: the system's
  std::vector<X509Ptr> certificates;  // leaf first
  KeyPtr key;
};

TlsMaterial::TlsMaterial(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TlsMaterial::~TlsMaterial() = default;

base::Result<std::shared_ptr<const TlsMaterial>> TlsMaterial::Parse(
    const std::string& ca_pem, const std::string& certificate_pem, const std::string& key_pem) {
  auto parts = std::make_unique<Parts>();
  if (!ca_pem.empty()) {
    parts->trust.reset(X509_STORE_new());
    const std::vector<X509Ptr> authorities = ReadCertificates(ca_pem);
    if (authorities.empty()) return Error{Code::kInvalid, "CA is no PEM certificate"};
    for (const X509Ptr& ca : authorities) X509_STORE_add_cert(parts->trust.get(), ca.get());
    ERR_clear_error();  // a certificate that is there twice is no error to us
  }
  if (certificate_pem.empty() != key_pem.empty()) {
    return Error{Code::kInvalid, certificate_pem.empty() ? "client key has no client certificate"
                                                         : "client certificate has no client key"};
  }
  if (!certificate_pem.empty()) {
    parts->certificates = ReadCertificates(certificate_pem);
    if (parts->certificates.empty()) {
      return Error{Code::kInvalid, "client certificate is no PEM certificate"};
    }
    parts->key = ReadKey(key_pem);
    if (!parts->key) return Error{Code::kInvalid, "client key is no unencrypted PEM private key"};
    if (X509_check_private_key(parts->certificates.front().get(), parts->key.get()) != 1) {
      ERR_clear_error();
      return Error{Code::kInvalid, "client key does not belong to the client certificate"};
    }
  }
  return std::shared_ptr<const TlsMaterial>(new TlsMaterial(std::move(parts)));
}

void TlsMaterial::Apply(ssl_ctx_st* context) const {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (parts_->trust) SSL_CTX_set1_cert_store(context, parts_->trust.get());
  if (!parts_->key) return;
  SSL_CTX_use_certificate(context, parts_->certificates.front().get());
  for (std::size_t i = 1; i < parts_->certificates.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, parts_->certificates[i].get());
  }
  SSL_CTX_use_PrivateKey(context, parts_->key.get());
}

base::Result<std::string> DecodeBase64(std::string_view text) {
  std::string packed;
  std::copy_if(text.begin(), text.end(), std::back_inserter(packed),
               [](char c) { return std::isspace(static_cast<unsigned char>(c)) == 0; });
  std::string out(packed.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(packed.data()),
                                   static_cast<int>(packed.size()));
  if (size < 0 || packed.size() % 4 != 0) return Error{Code::kInvalid, "is not base64"};
  std::size_t padding = 0;
  for (auto c = packed.rbegin(); c != packed.rend() && *c == '=' && padding < 2; ++c) ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends it with a zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  out.pop_back();
  return out;
}

}  // namespace muster::kube
