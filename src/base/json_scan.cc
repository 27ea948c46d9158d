#include "muster/base/json_scan.h"

#include <cstring>

namespace muster::base {
namespace {

bool Space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

}  // namespace

std::size_t EndOfJsonString(std::string_view text, std::size_t at) {
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

void JsonScanner::SkipSpace() {
  while (at_ < text_.size() && Space(text_[at_])) ++at_;
}

bool JsonScanner::Take(char c) {
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonScanner::AtEnd() {
  SkipSpace();
  return at_ == text_.size();
}

bool JsonScanner::SkipString() {
  const std::size_t end = EndOfJsonString(text_, at_);
  if (end == std::string_view::npos) return false;
  at_ = end;
  return true;
}

bool JsonScanner::SkipNested() {
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

std::optional<std::string_view> JsonScanner::Value() {
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

std::optional<std::string_view> JsonScanner::Key() {
  SkipSpace();
  if (at_ >= text_.size() || text_[at_] != '"') return std::nullopt;
  const std::size_t start = at_ + 1;
  if (!SkipString()) return std::nullopt;
  const std::string_view key = text_.substr(start, at_ - 1 - start);
  if (!Take(':')) return std::nullopt;
  return key;
}

}  // namespace muster::base
