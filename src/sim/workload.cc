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

std::int64_t DevicesThere(const Workload& workload, const std::string& device_resource) {
  std::int64_t devices = 0;
  for (const sched::Node& node : workload.nodes) {
    for (const auto& [name, amount] : node.allocatable) {
      if (name == device_resource) devices += amount;
    }
  }
  return devices;
}

}  // namespace muster::sim
