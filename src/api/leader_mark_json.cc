#include "api/write_json.h"
#include "muster/api/leader_mark.h"
#include "muster/base/text.h"

namespace muster::api {
namespace {

std::string Annotation(const Namespace& ns, const char* key) {
  const auto it = ns.meta.annotations.find(key);
  return it == ns.meta.annotations.end() ? std::string() : it->second.str();
}

}  // namespace

LeaderMark ReadLeaderMark(const Namespace& ns) {
  const std::int64_t epoch = base::ParseInt(Annotation(ns, kAnnotationEpoch)).value_or(0);
  if (epoch < 1) return {};
  return {Annotation(ns, kAnnotationLeader), epoch};
}

std::string RenderLeaderMark(const LeaderMark& mark) {
  const Json annotations = {{kAnnotationLeader, mark.replica},
                            {kAnnotationEpoch, std::to_string(mark.epoch)}};
  return ToText(Json{{"metadata", {{"annotations", annotations}}}});
}

}  // namespace muster::api
