#include "api/scan.h"

#include <algorithm>

namespace muster::api {

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
    at = base::EndOfJsonString(json, at);
    if (at == std::string_view::npos) break;
    const std::string_view text = json.substr(start + 1, at - start - 2);
    if (std::find(drop.keys.begin(), drop.keys.end(), text) == drop.keys.end()) continue;
    base::JsonScanner scan(json.substr(at));
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
