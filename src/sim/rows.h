// Lines of a trace, field by field, with where each of them stands.  Private to sim.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.h"
#include "muster/sim/read.h"

namespace muster::sim {

class Rows {
 public:
  // Fields end at each `separator`; at ' ' they are what runs of blanks separate.  Lines that begin
  // with ';' or '#' are comments.
  Rows(const Text& text, char separator)
      : file_(text.file), rest_(text.text), separator_(separator) {}

  // The next line with anything in it; false at the end and after an error.
  bool Next();

  std::size_t fields() const { return fields_.size(); }
  std::string_view Field(std::size_t at) const { return fields_[at]; }
  bool Has(std::string_view name) const;  // some field reads so
  // Index of the field that reads `name`, in the header line; an error if there is none.
  std::size_t Column(std::string_view name);
  // An integer in [least, most]; what follows a decimal point is cut off.  Else the error, and
  // `least`.
  std::int64_t Int(std::size_t at, std::string_view name, std::int64_t least, std::int64_t most);
  // The current line is wrong at a field.  The first error stays.
  void Fail(std::size_t at, const std::string& what);

  const std::optional<base::Error>& error() const { return error_; }

 private:
  void Cut(std::string_view line);

  std::string file_;
  std::string_view rest_;
  char separator_;
  std::string_view line_;
  std::int64_t number_ = 0;
  std::vector<std::string_view> fields_;
  std::optional<base::Error> error_;
};

}  // namespace muster::sim
