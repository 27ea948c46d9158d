// Result<T> is a value or an Error.  The code of an Error names the reaction that is right for it.
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "muster/base/check.h"

namespace muster::base {

enum class Code {
  kNotFound,     // it is not there
  kConflict,     // someone else wrote first: read again
  kExists,       // the name is taken: look who holds it
  kGone,         // the history is lost: list again
  kThrottled,    // back off (Error::retry_after_ms, 0 if the server did not say)
  kUnavailable,  // no answer, 5xx, or our own rights are in doubt: retry; a write may have happened
  kInvalid,      // the input is wrong: tell the user, do not retry
  kForbidden,    // not allowed: tell the user, do not retry
  kInternal,     // a bug of ours
};

std::string_view ToString(Code code);

struct Error {
  Code code = Code::kInternal;
  std::string message;              // one sentence for a person
  std::int64_t retry_after_ms = 0;  // only with kThrottled
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::move(value)) {}      // NOLINT(google-explicit-constructor): reads as T
  Result(Error error) : v_(std::move(error)) {}  // NOLINT(google-explicit-constructor): likewise

  bool ok() const { return std::holds_alternative<T>(v_); }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok().
  const T& value() const& {
    MUSTER_CHECK(ok());
    return std::get<T>(v_);
  }
  T& value() & {
    MUSTER_CHECK(ok());
    return std::get<T>(v_);
  }
  T&& value() && {
    MUSTER_CHECK(ok());
    return std::get<T>(std::move(v_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  // REQUIRES: !ok().
  const Error& error() const {
    MUSTER_CHECK(!ok());
    return std::get<Error>(v_);
  }

 private:
  std::variant<T, Error> v_;
};

// What a Result holds when success carries nothing.
struct Done {};
using Status = Result<Done>;

}  // namespace muster::base
