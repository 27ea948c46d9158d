#include "muster/base/quantity.h"

#include <limits>
#include <optional>

namespace muster::base {
namespace {

using Wide = unsigned __int128;

// A decimal mantissa and the power of ten and of two it is multiplied by.
struct Parts {
  Wide mantissa = 0;
  int exp10 = 0;
  int exp2 = 0;
};

constexpr int kMaxDigits = 30;  // 10^30 fits 128 bits with room for a factor of 1000

std::optional<int> SuffixExponent2(std::string_view s) {
  constexpr std::string_view kUnits = "KMGTPE";
  if (s.size() != 2 || s[1] != 'i') return std::nullopt;
  const auto at = kUnits.find(s[0]);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<int>(10 * (at + 1));
}

std::optional<int> SuffixExponent10(std::string_view s) {
  if (s.empty()) return 0;
  if (s.size() == 1) {
    constexpr std::string_view kUnits = "num kMGTPE";
    const auto at = kUnits.find(s[0]);
    if (s[0] == ' ' || at == std::string_view::npos) return std::nullopt;
    return 3 * (static_cast<int>(at) - 3);
  }
  if (s[0] != 'e' && s[0] != 'E') return std::nullopt;
  s.remove_prefix(1);
  const bool negative = s[0] == '-';
  if (s[0] == '-' || s[0] == '+') s.remove_prefix(1);
  if (s.empty() || s.size() > 3) return std::nullopt;
  int value = 0;
  for (const char c : s) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

// Reads digits[.digits]; false if there is no digit or there are too many.
bool ReadMantissa(std::string_view& text, Parts& parts) {
  int digits = 0;
  int significant = 0;
  bool point = false;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      if (significant == kMaxDigits) return false;
      parts.mantissa = parts.mantissa * 10 + static_cast<unsigned>(c - '0');
      ++digits;
      if (parts.mantissa != 0) ++significant;
      if (point) --parts.exp10;
    } else {
      break;
    }
    text.remove_prefix(1);
  }
  return digits > 0;
}

constexpr Wide kMax = static_cast<Wide>(std::numeric_limits<std::int64_t>::max());

// mantissa · 10^exp10 · 2^exp2, rounded up; nothing if it does not fit int64_t.
std::optional<std::int64_t> Scale(Parts p) {
  bool inexact = false;
  if (p.mantissa == 0) return 0;
  for (; p.exp10 < 0; ++p.exp10) {
    // Binary units may still make a fraction whole: 0.5Gi.
    while (p.exp2 > 0 && p.mantissa % 10 != 0 && p.mantissa < (Wide{1} << 120)) {
      p.mantissa <<= 1;
      --p.exp2;
    }
    inexact |= p.mantissa % 10 != 0;
    p.mantissa /= 10;
  }
  for (; p.exp10 > 0; --p.exp10) {
    p.mantissa *= 10;
    if (p.mantissa > kMax) return std::nullopt;
  }
  for (; p.exp2 > 0; --p.exp2) {
    p.mantissa <<= 1;
    if (p.mantissa > kMax) return std::nullopt;
  }
  if (inexact) ++p.mantissa;
  if (p.mantissa > kMax) return std::nullopt;
  return static_cast<std::int64_t>(p.mantissa);
}

Error Bad(std::string_view text, std::string_view why) {
  return {Code::kInvalid, "\"" + std::string(text.substr(0, 64)) + "\" " + std::string(why)};
}

Result<std::int64_t> Parse(std::string_view text, int shift10) {
  std::string_view rest = text;
  if (!rest.empty() && rest.front() == '-') return Bad(text, "must not be negative");
  if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
  Parts parts;
  if (!ReadMantissa(rest, parts)) return Bad(text, "is not a quantity such as 500m, 2 or 4Gi");
  if (const auto exp2 = SuffixExponent2(rest)) {
    parts.exp2 = *exp2;
  } else if (const auto exp10 = SuffixExponent10(rest)) {
    parts.exp10 += *exp10;
  } else {
    return Bad(text, "is not a quantity such as 500m, 2 or 4Gi");
  }
  parts.exp10 += shift10;
  const auto value = Scale(parts);
  if (!value) return Bad(text, "is too large");
  return *value;
}

}  // namespace

Result<std::int64_t> ParseMilli(std::string_view text) { return Parse(text, 3); }
Result<std::int64_t> ParseUnits(std::string_view text) { return Parse(text, 0); }

std::string FormatMilli(std::int64_t milli) {
  if (milli % 1000 == 0) return std::to_string(milli / 1000);
  return std::to_string(milli) + "m";
}

std::string FormatMebibytes(std::int64_t mebibytes) {
  constexpr std::int64_t kTi = 1024 * 1024;
  if (mebibytes != 0 && mebibytes % kTi == 0) return std::to_string(mebibytes / kTi) + "Ti";
  if (mebibytes != 0 && mebibytes % 1024 == 0) return std::to_string(mebibytes / 1024) + "Gi";
  return std::to_string(mebibytes) + "Mi";
}

std::int64_t SaturatingAdd(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a > 0 ? std::numeric_limits<std::int64_t>::max()
               : std::numeric_limits<std::int64_t>::min();
}

std::int64_t SaturatingMul(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a > 0) == (b > 0) ? std::numeric_limits<std::int64_t>::max()
                            : std::numeric_limits<std::int64_t>::min();
}

}  // namespace muster::base
