// Where schedulers of the literature put a pod of the openb trace: the node with the highest score
// (whole points from 0 to 100), the first among equals, and there the GPU with least left
// that is enough, unless said otherwise.
//
//   kRandom         any node that fits, any GPU that fits
//   kDotProduct     least 1 - (free . wanted), CPU and GPUs by the largest node (Tetris,
//   SIGCOMM'14) kClustering     a node with pods that ask for as many GPUs (Gandiva, OSDI'18)
//   kPacking        shared GPUs before free ones of a node in use before idle nodes (MLaaS,
//   NSDI'22) kBestFit        least CPU and GPUs left, half and half, by the largest node
//   kFragmentation  100 * sigmoid(what F of fragmentation.h falls by, in GPUs), the GPU by the same
//                   score (FGD, ATC'23)
//
// What is not in the papers (constants, caps) is as in the simulator published with FGD.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "reference/fragmentation.h"
#include "reference/openb.h"

namespace muster::reference {

enum class Packing { kRandom, kDotProduct, kClustering, kPacking, kBestFit, kFragmentation };

// As fgd_expected_alloc.csv calls it.
const char* NameOf(Packing policy);

class PackedCluster {
 public:
  // `nodes`: ties go to the first, `pods`: the list that arrivals are drawn from.
  PackedCluster(const std::vector<OpenbNode>& nodes, const std::vector<OpenbPod>& pods,
                Packing policy, std::uint64_t seed);

  // The node that pods[pod] goes to and is on from now on; nothing: it fits nowhere.
  std::optional<std::size_t> Place(std::uint32_t pod);

 private:
  struct Node {
    std::int64_t memory_mib = 0;
    std::size_t model = 0;  // of fragmentation_
    std::array<std::int32_t, kMostGpus> by_id = {};
    Rest rest;                                   // the same, ascending
    std::array<bool, kMostGpus + 1> kinds = {};  // of pods that came: by GPUs, 0 for a share of one
  };
  // A class of pods: its scores, caught up when a pod of it arrives.
  struct Class {
    OpenbPod pod;
    std::vector<bool> admitted;       // nodes by model
    std::vector<std::int8_t> scores;  // by node; -1: it does not fit
    std::size_t seen = 0;             // of changes_
  };

  std::int8_t ScoreOf(const Class& wanted, const Node& node) const;
  bool Fits(const OpenbPod& pod, const Node& node) const;
  int Fragments(const OpenbPod& pod, const Node& node, int* gpu) const;
  std::size_t Pick(Class& wanted);
  void Take(const OpenbPod& pod, Node& node);
  int GpuFor(const OpenbPod& pod, const Node& node);

  Packing policy_;
  std::mt19937_64 random_;
  Fragmentation fragmentation_;
  std::vector<Node> nodes_;
  std::vector<Class> classes_;
  std::vector<std::uint32_t> class_of_;  // by pod of the list
  std::vector<std::size_t> changes_;     // nodes, in the order in which they changed
};

}  // namespace muster::reference
