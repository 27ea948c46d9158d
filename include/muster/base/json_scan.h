// Finds where values begin and end in JSON text without building anything.
//
// It does not validate: brackets are counted, not matched by kind.  Threads: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace muster::base {

// Index behind the closing quote of the string that starts at `at`; npos if it never ends.
std::size_t EndOfJsonString(std::string_view text, std::size_t at);

// Walks one value after another.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  // Consumes `c` after white space; false and nothing consumed if something else comes.
  bool Take(char c);
  // The next value with its quotes or brackets; nothing at the end of the text or when torn.
  std::optional<std::string_view> Value();
  // A key, without quotes, and its colon.
  std::optional<std::string_view> Key();
  // Nothing but white space is left.
  bool AtEnd();

 private:
  void SkipSpace();
  bool SkipString();
  bool SkipNested();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace muster::base
