#include "scan_json.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "muster/base/text.h"

namespace muster::kube {
namespace {

// A cursor over one JSON text.  Every Skip returns false at the end of the text or on nonsense.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // Enters an object and stops in front of the value of `key`.
  bool Enter(std::string_view key) {
    SkipSpace();
    if (!Take('{')) return false;
    SkipSpace();
    if (Peek() == '}') return false;
    while (true) {
      SkipSpace();
      const std::size_t start = at_ + 1;
      if (!SkipString()) return false;
      const std::string_view found = text_.substr(start, at_ - 1 - start);
      SkipSpace();
      if (!Take(':')) return false;
      SkipSpace();
      if (found == key) return true;
      if (!SkipValue()) return false;
      SkipSpace();
      if (!Take(',')) return false;
    }
  }

  std::optional<std::string_view> Value() {
    const std::size_t start = at_;
    if (!SkipValue()) return std::nullopt;
    return text_.substr(start, at_ - start);
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  void SkipSpace() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_]) != nullptr) ++at_;
  }

  bool SkipString() {
    if (!Take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (c == '\\') ++at_;
    }
    return false;
  }

  // Brackets are only counted, not matched by kind: the codec is the one that validates.
  bool SkipNested() {
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!SkipString()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
  }

  bool SkipValue() {
    const char c = Peek();
    if (c == '"') return SkipString();
    if (c == '{' || c == '[') return SkipNested();
    const std::size_t start = at_;
    while (at_ < text_.size() && std::strchr(",}] \t\r\n", text_[at_]) == nullptr) ++at_;
    return at_ > start;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::string> FindJson(std::string_view json,
                                    std::initializer_list<std::string_view> path) {
  Scanner scanner(json);
  for (const std::string_view key : path) {
    if (!scanner.Enter(key)) return std::nullopt;
  }
  const auto raw = scanner.Value();
  if (!raw || *raw == "null") return std::nullopt;
  if (raw->front() != '"') return std::string(*raw);
  if (raw->find('\\') == std::string_view::npos)
    return std::string(raw->substr(1, raw->size() - 2));
  const auto parsed = nlohmann::json::parse(*raw, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_string()) return std::nullopt;
  return parsed.get<std::string>();
}

std::int64_t FindJsonInt(std::string_view json, std::initializer_list<std::string_view> path) {
  const auto text = FindJson(json, path);
  return text ? base::ParseInt(*text).value_or(0) : 0;
}

}  // namespace muster::kube
