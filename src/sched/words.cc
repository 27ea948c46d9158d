#include "sched/words.h"

#include "muster/base/quantity.h"

namespace muster::sched {

std::string AmountText(std::string_view resource, std::int64_t amount) {
  if (resource.substr(0, 7) == "limits.") resource.remove_prefix(7);
  if (resource == "cpu") return base::FormatMilli(amount);
  const bool bytes = resource == "memory" || resource == "ephemeral-storage" ||
                     resource.substr(0, 10) == "hugepages-";
  return bytes ? base::FormatMebibytes(amount) : std::to_string(amount);
}

}  // namespace muster::sched
