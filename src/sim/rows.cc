#include "sim/rows.h"

#include <algorithm>

#include "muster/base/text.h"

namespace muster::sim {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return text.substr(0, 0);
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

void Rows::Cut(std::string_view line) {
  line_ = line;
  fields_.clear();
  if (separator_ != ' ') {
    for (const std::string_view field : base::Split(line, separator_)) {
      fields_.push_back(Trim(field));
    }
    return;
  }
  std::size_t at = 0;
  while ((at = line.find_first_not_of(kBlanks, at)) != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    fields_.push_back(line.substr(at, end - at));
    at = end;
  }
}

bool Rows::Next() {
  while (!error_ && !rest_.empty()) {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++number_;
    if (Trim(line).empty() || line.front() == ';' || line.front() == '#') continue;
    Cut(line);
    return true;
  }
  return false;
}

bool Rows::Has(std::string_view name) const {
  return std::find(fields_.begin(), fields_.end(), name) != fields_.end();
}

std::size_t Rows::Column(std::string_view name) {
  const auto it = std::find(fields_.begin(), fields_.end(), name);
  if (it != fields_.end()) return it - fields_.begin();
  Fail(fields_.size(), "the first line names no column " + std::string(name));
  return 0;
}

std::int64_t Rows::Int(std::size_t at, std::string_view name, std::int64_t least,
                       std::int64_t most) {
  if (at >= fields_.size()) {
    Fail(at, std::string(name) + " is missing");
    return least;
  }
  const std::string_view field = fields_[at];
  const auto number = base::ParseInt(field.substr(0, std::min(field.find('.'), field.size())));
  if (!number) {
    Fail(at, std::string(name) + " is not a number: \"" + std::string(field) + "\"");
  } else if (*number < least || *number > most) {
    Fail(at, std::string(name) + " is " + std::to_string(*number) + ", not from " +
                 std::to_string(least) + " to " + std::to_string(most));
  } else {
    return *number;
  }
  return least;
}

void Rows::Fail(std::size_t at, const std::string& what) {
  if (error_) return;
  const std::size_t column = at < fields_.size() ? fields_[at].data() - line_.data() : line_.size();
  error_ = {base::Code::kInvalid,
            file_ + ":" + std::to_string(number_) + ":" + std::to_string(column + 1) + ": " + what};
}

}  // namespace muster::sim
