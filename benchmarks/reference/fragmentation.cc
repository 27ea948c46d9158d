#include "reference/fragmentation.h"

#include <algorithm>
#include <map>

namespace muster::reference {

std::vector<TypicalPod> TypicalPods(const std::vector<OpenbPod>& pods) {
  std::map<OpenbPod, std::int64_t> counts;
  for (OpenbPod pod : pods) {
    pod.memory_mib = 0;
    ++counts[pod];
  }
  std::vector<TypicalPod> typical;
  for (const auto& [pod, count] : counts) typical.push_back({pod, count});
  std::sort(typical.begin(), typical.end(), [](const TypicalPod& a, const TypicalPod& b) {
    return a.count != b.count ? a.count > b.count : b.pod < a.pod;
  });
  std::size_t size = 0, covered = 0;
  while (covered * 100 < pods.size() * 95) covered += typical[size++].count;
  typical.resize(size);
  return typical;
}

void Rest::Take(std::int32_t of, std::int32_t milli) {
  int at = 0;
  while (left[at] != of) ++at;
  left[at] -= milli;
  for (; at > 0 && left[at - 1] > left[at]; --at) std::swap(left[at - 1], left[at]);
}

Fragmentation::Fragmentation(const std::vector<TypicalPod>& typical) : typical_(typical) {
  for (const TypicalPod& each : typical_) total_ += each.count;
}

std::size_t Fragmentation::Know(const std::string& name) {
  for (std::size_t i = 0; i < models_.size(); ++i) {
    if (models_[i].name == name) return i;
  }
  Model model;
  model.name = name;
  std::map<std::pair<std::int32_t, int>, std::vector<const TypicalPod*>> needs;
  for (const TypicalPod& each : typical_) {
    if (each.pod.gpus == 0 || !each.pod.Admits(name)) continue;
    model.cpu.push_back(each.pod.cpu_milli);
    needs[{each.pod.gpu_milli, each.pod.gpus}].push_back(&each);
  }
  std::sort(model.cpu.begin(), model.cpu.end());
  model.cpu.erase(std::unique(model.cpu.begin(), model.cpu.end()), model.cpu.end());
  for (const auto& [need, pods] : needs) {
    Need& added = model.needs.emplace_back();
    added.milli = need.first;
    added.gpus = need.second;
    for (std::size_t rank = 0; rank <= model.cpu.size(); ++rank) {
      added.counts.push_back(0);
      for (const TypicalPod* each : pods) {
        if (rank > 0 && each->pod.cpu_milli <= model.cpu[rank - 1]) {
          added.counts.back() += each->count;
        }
      }
    }
  }
  models_.push_back(std::move(model));
  return models_.size() - 1;
}

double Fragmentation::Of(std::size_t index, const Rest& rest) const {
  const Model& model = models_[index];
  const auto rank =
      std::upper_bound(model.cpu.begin(), model.cpu.end(), rest.cpu_milli) - model.cpu.begin();
  std::int64_t idle = 0;
  for (int i = 0; i < rest.gpus; ++i) idle += rest.left[i];
  std::int64_t usable = idle, sum = total_ * idle;
  int small = 0;  // GPUs that have too little left
  for (const Need& need : model.needs) {
    while (small < rest.gpus && rest.left[small] < need.milli) usable -= rest.left[small++];
    if (rest.gpus - small >= need.gpus) sum -= need.counts[rank] * usable;
  }
  return static_cast<double>(sum) / static_cast<double>(total_);
}

}  // namespace muster::reference
