#include "credentials.h"

#include <algorithm>

#include "exec_plugin.h"
#include "files.h"
#include "muster/base/log.h"

namespace muster::kube {
namespace {

// An exec credential is renewed that long before it expires.
constexpr std::int64_t kRenewAheadMs = 30'000;
constexpr std::int64_t kMinPluginAgeMs = 1'000;

std::string Trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

Credentials::Credentials(const Connection& connection, const base::Clock& clock)
    : connection_(connection), clock_(clock) {
  current_.token = connection.token;
  current_.certificate_pem = connection.client_certificate_pem;
  current_.key_pem = connection.client_key_pem;
  const bool changes = !connection.token_file.empty() || connection.exec;
  known_ = !changes;
  due_boot_ms_ = changes ? 0 : base::kForever;
}

base::Result<Credential> Credentials::Current() {
  base::Lock lock(mutex_);
  if (clock_.BootMs() >= due_boot_ms_) {
    const base::Status refreshed = Refresh();
    if (!refreshed.ok() && !known_) return refreshed.error();
    if (!refreshed.ok()) {
      base::LogWarn("credentials not renewed", {{"error", refreshed.error().message}});
      due_boot_ms_ = clock_.BootMs() + kTokenAgeMs;
    }
  }
  return current_;
}

bool Credentials::Renew(std::uint64_t serial) {
  base::Lock lock(mutex_);
  if (current_.serial != serial) return true;
  if (due_boot_ms_ == base::kForever && known_ && !connection_.exec &&
      connection_.token_file.empty()) {
    return false;
  }
  const base::Status refreshed = Refresh();
  return refreshed.ok() && current_.serial != serial;
}

base::Status Credentials::Refresh() { return connection_.exec ? RunPlugin() : ReadTokenFile(); }

base::Status Credentials::ReadTokenFile() {
  const base::Result<std::string> text = ReadFile(connection_.token_file);
  if (!text.ok()) return text.error();
  const std::string token = Trimmed(*text);
  if (token.empty()) {
    return base::Error{base::Code::kInvalid, connection_.token_file + " holds no token"};
  }
  Set(token, current_.certificate_pem, current_.key_pem);
  due_boot_ms_ = clock_.BootMs() + kTokenAgeMs;
  return base::Done{};
}

base::Status Credentials::RunPlugin() {
  base::Result<ExecCredential> got = RunExecPlugin(*connection_.exec);
  if (!got.ok()) return got.error();
  due_boot_ms_ = base::kForever;
  if (got->expires.unix_ms != 0) {
    const std::int64_t left = got->expires.unix_ms - clock_.Now().unix_ms - kRenewAheadMs;
    due_boot_ms_ = clock_.BootMs() + std::max(kMinPluginAgeMs, left);
  }
  Set(got->token, got->certificate_pem, got->key_pem);
  return base::Done{};
}

void Credentials::Set(std::string token, std::string certificate, std::string key) {
  known_ = true;
  if (token == current_.token && certificate == current_.certificate_pem) return;
  ++current_.serial;
  current_.token = std::move(token);
  current_.certificate_pem = std::move(certificate);
  current_.key_pem = std::move(key);
}

}  // namespace muster::kube
