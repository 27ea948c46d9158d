// Kubernetes quantities ("500m", "4Gi", "1e3") as checked 64-bit integers.
// Format: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/base/result.h"

namespace muster::base {

// Thousandths, rounded up.  kInvalid if the text is no quantity, is negative or does not fit.
Result<std::int64_t> ParseMilli(std::string_view text);

// Whole units (bytes, devices, pods), rounded up.  Errors as ParseMilli.
Result<std::int64_t> ParseUnits(std::string_view text);

// The shortest decimal form: 1500 milli -> "1500m", 2000 milli -> "2".
std::string FormatMilli(std::int64_t milli);

// MiB in the largest binary unit that stays whole: 2048 -> "2Gi", 1500 -> "1500Mi".
std::string FormatMebibytes(std::int64_t mebibytes);

// a + b and a * b, clamped to the range of int64_t: sums over many objects never wrap.
std::int64_t SaturatingAdd(std::int64_t a, std::int64_t b);
std::int64_t SaturatingMul(std::int64_t a, std::int64_t b);

}  // namespace muster::base
