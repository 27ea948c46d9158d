// The variables with which the processes of a job find each other (docs/reference: environment).
#include <algorithm>
#include <utility>

#include "api/template_json.h"
#include "muster/base/quantity.h"

namespace muster::api {
namespace {

constexpr char kMasterPort[] = "29500";

// Over tasks in their order.
std::int64_t RankOf(const Job& job, const std::string& task, std::int32_t index) {
  std::int64_t rank = index;
  for (const TaskSpec& other : job.spec.tasks) {
    if (other.name == task) break;
    rank += other.replicas;
  }
  return rank;
}

// Behind the Service where there is one; a lone pod knows its own hostname.
std::string MasterAddress(const Job& job) {
  if (job.spec.tasks.empty()) return {};
  const std::string host = PodHostname(job, job.spec.tasks.front().name, 0);
  if (PodCount(job) < 2) return host;
  return host + '.' + job.meta.name + '.' + job.meta.ns + ".svc";
}

// Whole devices that the containers ask for together.
std::int64_t Devices(const std::string& resource, Json& pod) {
  std::int64_t sum = 0;
  for (const Json& container : pod["spec"]["containers"]) {
    for (const char* list : {"requests", "limits"}) {
      const Json::json_pointer at = Json::json_pointer("/resources") / list / resource;
      if (!container.contains(at)) continue;
      const Json& amount = container[at];
      const auto units =
          base::ParseUnits(amount.is_string() ? amount.get<std::string>() : amount.dump());
      if (units.ok()) sum = base::SaturatingAdd(sum, *units);
      break;
    }
  }
  return sum;
}

bool Sets(const Json& variables, const std::string& name) {
  return std::any_of(variables.begin(), variables.end(), [&name](const Json& variable) {
    const auto it = variable.find("name");
    return it != variable.end() && *it == name;
  });
}

}  // namespace

std::int64_t PodCount(const Job& job) {
  std::int64_t sum = 0;
  for (const TaskSpec& task : job.spec.tasks) sum += task.replicas;
  return sum;
}

void AddEnvironment(const PodContext& context, const TaskSpec& task, std::int32_t index,
                    Json& pod) {
  const Job& job = *context.job;
  const std::string pods = std::to_string(PodCount(job));
  const std::string rank = std::to_string(RankOf(job, task.name, index));
  const std::string devices =
      std::to_string(std::max<std::int64_t>(1, Devices(context.gpu_resource, pod)));
  const std::string master = MasterAddress(job);
  const std::pair<const char*, std::string> variables[] = {
      {"WORLD_SIZE", pods},
      {"RANK", rank},
      {"LOCAL_WORLD_SIZE", "1"},
      {"MASTER_ADDR", master},
      {"MASTER_PORT", kMasterPort},
      {"PET_NNODES", pods},
      {"PET_NODE_RANK", rank},
      {"PET_NPROC_PER_NODE", devices},
      {"PET_MASTER_ADDR", master},
      {"PET_MASTER_PORT", kMasterPort},
      {"JOB_COMPLETION_INDEX", std::to_string(index)}};
  EachContainer(pod, "", [&variables](Json& container, const std::string&) {
    const auto given = container.find("env");
    const Json own = given != container.end() && given->is_array() ? *given : Json::array();
    Json all = Json::array();
    for (const auto& [name, value] : variables) {
      if (!Sets(own, name)) all.push_back({{"name", name}, {"value", value}});
    }
    all.insert(all.end(), own.begin(), own.end());
    container["env"] = std::move(all);
  });
}

}  // namespace muster::api
