#include "core/packing.h"

#include <chrono>
#include <fstream>
#include <map>

#include "muster/base/text.h"
#include "reference/packing.h"

namespace muster::bench {
namespace {

using reference::Packing;

constexpr std::uint64_t kFirstSeed = 42;
constexpr const char* kLists[] = {"cpu100",     "cpu250",    "default",   "gpushare100",
                                  "gpushare40", "gpuspec10", "multigpu20"};
constexpr Packing kReferences[] = {Packing::kRandom,     Packing::kDotProduct,
                                   Packing::kClustering, Packing::kPacking,
                                   Packing::kBestFit,    Packing::kFragmentation};

// Published means: list, scheduler, load.
using Published = std::map<std::string, double>;

Published ReadPublished(const std::string& file) {
  std::ifstream in(file);
  Published published;
  std::string line;
  while (std::getline(in, line)) {
    const auto fields = base::Split(line, ',');
    if (fields.size() < 5 || fields[0] == "workload") continue;
    std::string key(fields[0]);
    key.append(",").append(fields[1]).append(",").append(fields[2]);
    published[key] = std::stod(std::string(fields[4]));
  }
  return published;
}

struct List {
  std::string name;
  std::vector<reference::OpenbNode> nodes;
  std::vector<reference::OpenbPod> pods;
};

PackingCase RunReference(const List& list, Packing policy) {
  PackingCase result;
  result.list = list.name;
  result.scheduler = reference::NameOf(policy);
  const auto begin = std::chrono::steady_clock::now();
  const std::int64_t capacity = reference::Milli(list.nodes);
  for (std::uint64_t seed = kFirstSeed; seed < kFirstSeed + kPackingSeeds; ++seed) {
    reference::PackedCluster cluster(reference::Renamed(list.nodes, seed), list.pods, policy, seed);
    reference::Allocation allocation(capacity);
    for (const std::uint32_t pod : reference::Arrivals(list.pods, capacity, seed)) {
      allocation.Arrive(list.pods[pod], cluster.Place(pod).has_value());
    }
    for (std::size_t i = 0; i < kLoads.size(); ++i) {
      result.mean[i] += allocation.At(kLoads[i]) / kPackingSeeds;
    }
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace

std::vector<PackingCase> RunPacking(const std::string& folder) {
  const Published published = ReadPublished(folder + "/fgd_expected_alloc.csv");
  List list;
  list.nodes = reference::ReadOpenbNodes(folder + "/openb_node_list_gpu_node.csv");
  std::vector<PackingCase> cases;
  for (const char* name : kLists) {
    list.name = name;
    const std::string file = "openb_pod_list_" + list.name;
    list.pods = reference::ReadOpenbPods(folder + "/" + file + ".csv");
    for (const Packing policy : kReferences) {
      PackingCase& added = cases.emplace_back(RunReference(list, policy));
      for (std::size_t i = 0; i < kLoads.size(); ++i) {
        added.published[i] =
            published.at(file + "," + added.scheduler + "," + std::to_string(kLoads[i]));
      }
    }
  }
  return cases;
}

}  // namespace muster::bench
