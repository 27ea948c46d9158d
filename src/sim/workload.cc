#include "muster/sim/workload.h"

namespace muster::sim {

std::int64_t Devices(const Job& job, const std::string& device_resource) {
  std::int64_t devices = 0;
  for (const Task& task : job.tasks) {
    for (const auto& [name, amount] : task.shape.request) {
      if (name == device_resource) devices += amount * task.replicas;
    }
  }
  return devices;
}

}  // namespace muster::sim
