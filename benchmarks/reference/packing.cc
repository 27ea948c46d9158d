#include "reference/packing.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace muster::reference {
namespace {

constexpr double kMostCpuMilli = 128'000, kMostGpuMilli = 8'000;  // of the largest node

bool IsShare(const OpenbPod& pod) { return pod.gpus == 1 && pod.gpu_milli < kWhole; }

std::int64_t Idle(const Rest& rest) {
  std::int64_t idle = 0;
  for (int i = 0; i < rest.gpus; ++i) idle += rest.left[i];
  return idle;
}

// How many GPUs, those with least left first, have at least `milli` left: its index.
int FirstWith(const Rest& rest, std::int32_t milli) {
  int at = 0;
  while (at < rest.gpus && rest.left[at] < milli) ++at;
  return at;
}

int DotProduct(const OpenbPod& pod, const Rest& rest) {
  const double cpu = static_cast<double>(rest.cpu_milli) / kMostCpuMilli *
                     (static_cast<double>(pod.cpu_milli) / kMostCpuMilli);
  const double gpu = static_cast<double>(Idle(rest)) / kMostGpuMilli *
                     (static_cast<double>(pod.Milli()) / kMostGpuMilli);
  return static_cast<int>(100 * (1 - (cpu + gpu) / 2));
}

int Clustering(const OpenbPod& pod, const Rest& rest,
               const std::array<bool, kMostGpus + 1>& kinds) {
  if (pod.gpus == 0) return 0;
  const auto used = static_cast<int>(25 * (8'000 - Idle(rest)) / 8'000);
  const auto here = std::count(kinds.begin(), kinds.end(), true);
  if (kinds[IsShare(pod) ? 0 : pod.gpus]) return used + (here == 1 ? 75 : 50);
  return used + (here == 0 ? 25 : 0);
}

int GpuPacking(const OpenbPod& pod, const Rest& rest) {
  if (pod.gpus == 0) return 0;
  const int first_free = FirstWith(rest, kWhole);
  if (first_free == 0) return std::max(33 - rest.gpus, rest.gpus);
  const int first = FirstWith(rest, pod.gpu_milli);
  const int free_used = std::max(0, first + pod.gpus - std::max(first, first_free));
  if (free_used > 0) return std::max(50 - free_used, 33);
  int left = 0;
  for (int i = first; i < first + pod.gpus; ++i) left += rest.left[i] / 10;
  return std::max(100 - left / 10, 50);
}

// Published with a normalisation over the nodes, which changes no order.
int BestFit(const OpenbPod& pod, const Rest& rest) {
  const double cpu = static_cast<double>(rest.cpu_milli - pod.cpu_milli) / kMostCpuMilli;
  const double gpu = static_cast<double>(Idle(rest) - pod.Milli()) / kMostGpuMilli;
  return static_cast<int>((1 - (cpu * 0.5 + gpu * 0.5)) * 100);
}

}  // namespace

const char* NameOf(Packing policy) {
  switch (policy) {
    case Packing::kRandom:
      return "01-Random";
    case Packing::kDotProduct:
      return "02-DotProd";
    case Packing::kClustering:
      return "03-GpuClustering";
    case Packing::kPacking:
      return "04-GpuPacking";
    case Packing::kBestFit:
      return "05-BestFit";
    case Packing::kFragmentation:
      return "06-FGD";
  }
  return "";
}

PackedCluster::PackedCluster(const std::vector<OpenbNode>& nodes, const std::vector<OpenbPod>& pods,
                             Packing policy, std::uint64_t seed)
    : policy_(policy), random_(seed), fragmentation_(TypicalPods(pods)) {
  for (const OpenbNode& from : nodes) {
    Node& node = nodes_.emplace_back();
    node.memory_mib = from.memory_mib;
    node.model = fragmentation_.Know(from.model);
    node.rest.cpu_milli = from.cpu_milli;
    node.rest.gpus = from.gpus;
    for (int i = 0; i < from.gpus; ++i) node.rest.left[i] = node.by_id[i] = kWhole;
  }
  std::map<OpenbPod, std::uint32_t> known;
  for (const OpenbPod& pod : pods) {
    const auto [it, fresh] = known.emplace(pod, static_cast<std::uint32_t>(classes_.size()));
    class_of_.push_back(it->second);
    if (!fresh) continue;
    Class& added = classes_.emplace_back();
    added.pod = pod;
    for (const OpenbNode& node : nodes) {
      added.admitted.push_back(pod.gpus == 0 || pod.Admits(node.model));
    }
  }
}

bool PackedCluster::Fits(const OpenbPod& pod, const Node& node) const {
  const Rest& rest = node.rest;
  return rest.cpu_milli >= pod.cpu_milli && node.memory_mib >= pod.memory_mib &&
         rest.gpus - FirstWith(rest, pod.gpu_milli) >= pod.gpus;
}

// The score and, of a share, its GPU.
int PackedCluster::Fragments(const OpenbPod& pod, const Node& node, int* gpu) const {
  const double before = fragmentation_.Of(node.model, node.rest);
  const auto score = [&](std::int32_t of) {
    Rest after = node.rest;
    after.cpu_milli -= pod.cpu_milli;
    for (int i = 0; i < pod.gpus; ++i) after.Take(of, pod.gpu_milli);
    const double falls = (before - fragmentation_.Of(node.model, after)) / 1000;
    return static_cast<int>(100 / (1 + std::exp(-falls)));
  };
  if (!IsShare(pod)) return score(kWhole);
  int best = -1;
  for (int i = 0; i < node.rest.gpus; ++i) {
    const std::int32_t left = node.by_id[i];
    if (left < pod.gpu_milli || std::find(&node.by_id[0], &node.by_id[i], left) != &node.by_id[i]) {
      continue;
    }
    const int points = score(left);
    if (points <= best) continue;
    best = points;
    *gpu = i;
  }
  return best;
}

std::int8_t PackedCluster::ScoreOf(const Class& wanted, const Node& node) const {
  const OpenbPod& pod = wanted.pod;
  if (!Fits(pod, node)) return -1;
  int gpu = 0;
  switch (policy_) {
    case Packing::kRandom:
      return 0;
    case Packing::kDotProduct:
      return static_cast<std::int8_t>(DotProduct(pod, node.rest));
    case Packing::kClustering:
      return static_cast<std::int8_t>(Clustering(pod, node.rest, node.kinds));
    case Packing::kPacking:
      return static_cast<std::int8_t>(GpuPacking(pod, node.rest));
    case Packing::kBestFit:
      return static_cast<std::int8_t>(BestFit(pod, node.rest));
    case Packing::kFragmentation:
      return static_cast<std::int8_t>(Fragments(pod, node, &gpu));
  }
  return -1;
}

std::size_t PackedCluster::Pick(Class& wanted) {
  const auto update = [&](std::size_t at) {
    if (wanted.admitted[at]) wanted.scores[at] = ScoreOf(wanted, nodes_[at]);
  };
  if (wanted.scores.empty() || changes_.size() - wanted.seen > nodes_.size()) {
    wanted.scores.assign(nodes_.size(), -1);
    for (std::size_t at = 0; at < nodes_.size(); ++at) update(at);
  } else {
    for (std::size_t i = wanted.seen; i < changes_.size(); ++i) update(changes_[i]);
  }
  wanted.seen = changes_.size();
  const auto& scores = wanted.scores;
  std::size_t best = std::max_element(scores.begin(), scores.end()) - scores.begin();
  if (scores[best] < 0) return nodes_.size();
  if (policy_ != Packing::kRandom) return best;
  auto nth = random_() % static_cast<std::size_t>(std::count(scores.begin(), scores.end(), 0));
  for (best = 0; scores[best] < 0 || nth-- > 0;) ++best;
  return best;
}

int PackedCluster::GpuFor(const OpenbPod& pod, const Node& node) {
  int best = -1;
  if (policy_ == Packing::kFragmentation && IsShare(pod)) {
    Fragments(pod, node, &best);
    return best;
  }
  std::uint64_t fit = 0;
  for (int i = 0; i < node.rest.gpus; ++i) {
    if (node.by_id[i] < pod.gpu_milli) continue;
    const bool better = policy_ == Packing::kRandom ? random_() % ++fit == 0
                                                    : best < 0 || node.by_id[i] < node.by_id[best];
    if (better) best = i;
  }
  return best;
}

void PackedCluster::Take(const OpenbPod& pod, Node& node) {
  node.rest.cpu_milli -= pod.cpu_milli;
  node.memory_mib -= pod.memory_mib;
  for (int i = 0; i < pod.gpus; ++i) {
    const int gpu = GpuFor(pod, node);
    node.rest.Take(node.by_id[gpu], pod.gpu_milli);
    node.by_id[gpu] -= pod.gpu_milli;
  }
  if (pod.gpus > 0) node.kinds[IsShare(pod) ? 0 : pod.gpus] = true;
}

std::optional<std::size_t> PackedCluster::Place(std::uint32_t pod) {
  Class& wanted = classes_[class_of_[pod]];
  const std::size_t at = Pick(wanted);
  if (at == nodes_.size()) return std::nullopt;
  Take(wanted.pod, nodes_[at]);
  changes_.push_back(at);
  return at;
}

}  // namespace muster::reference
