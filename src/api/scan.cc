#include "api/scan.h"

#include <algorithm>
#include <cstring>

namespace muster::api {
namespace {

bool Space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// Index behind the closing quote of the string that starts at `at`; npos if it never ends.
std::size_t EndOfString(std::string_view text, std::size_t at) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    const void* quote = std::memchr(text.data() + i, '"', text.size() - i);
    if (quote == nullptr) return std::string_view::npos;
    i = static_cast<std::size_t>(static_cast<const char*>(quote) - text.data());
    std::size_t slashes = 0;
    while (text[i - 1 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) return i + 1;
  }
  return std::string_view::npos;
}

}  // namespace

void Scanner::SkipSpace() {
  while (at_ < text_.size() && Space(text_[at_])) ++at_;
}

bool Scanner::Take(char c) {
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool Scanner::AtEnd() {
  SkipSpace();
  return at_ == text_.size();
}

bool Scanner::SkipString() {
  const std::size_t end = EndOfString(text_, at_);
  if (end == std::string_view::npos) return false;
  at_ = end;
  return true;
}

bool Scanner::SkipNested() {
  std::size_t depth = 0;
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

std::optional<std::string_view> Scanner::Value() {
  SkipSpace();
  if (at_ >= text_.size()) return std::nullopt;
  const std::size_t start = at_;
  const char c = text_[at_];
  if (c == '"') {
    if (!SkipString()) return std::nullopt;
  } else if (c == '{' || c == '[') {
    if (!SkipNested()) return std::nullopt;
  } else {
    while (at_ < text_.size() && !Space(text_[at_]) && text_[at_] != ',' && text_[at_] != '}' &&
           text_[at_] != ']') {
      ++at_;
    }
    if (at_ == start) return std::nullopt;
  }
  return text_.substr(start, at_ - start);
}

std::optional<std::string_view> Scanner::Key() {
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != '"') return std::nullopt;
  const std::size_t start = at_ + 1;
  if (!SkipString()) return std::nullopt;
  const std::string_view key = text_.substr(start, at_ - 1 - start);
  if (!Take(':')) return std::nullopt;
  return key;
}

bool CopyWithout(std::string_view json, const Drop& drop, std::string& out) {
  out.clear();
  int depth = 0;
  std::size_t copied = 0;  // everything before it is in `out` or dropped
  std::size_t at = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return false;
    } else if (c == '}' || c == ']') {
      --depth;
    }
    if (c != '"') {
      ++at;
      continue;
    }
    const std::size_t start = at;
    at = EndOfString(json, at);
    if (at == std::string_view::npos) break;
    const std::string_view text = json.substr(start + 1, at - start - 2);
    if (std::find(drop.keys.begin(), drop.keys.end(), text) == drop.keys.end()) continue;
    Scanner scan(json.substr(at));
    if (!scan.Take(':')) continue;
    const auto value = scan.Value();
    if (!value || (!drop.strings && value->front() != '{' && value->front() != '[')) continue;
    const std::size_t from = static_cast<std::size_t>(value->data() - json.data());
    out.append(json, copied, from - copied).append("null");
    at = copied = from + value->size();
  }
  out.append(json, copied);
  return true;
}

}  // namespace muster::api
