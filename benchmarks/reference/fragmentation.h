// How much of a node's idle GPUs the pods that usually come cannot use (FGD, ATC 2023, section 3):
//
//   F(node) = sum over classes m of p_m * idle milli that m cannot use
//
// which is all of it if m cannot run there or needs no GPU, else what is idle on GPUs that have too
// little left for it.  Classes: the most frequent ones of a list that cover 95 % of its pods.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "reference/openb.h"

namespace muster::reference {

struct TypicalPod {
  OpenbPod pod;  // without memory
  std::int64_t count = 0;
};

std::vector<TypicalPod> TypicalPods(const std::vector<OpenbPod>& pods);

// What is left of a node.  `left`: milli of each GPU, ascending.
struct Rest {
  std::int64_t cpu_milli = 0;
  int gpus = 0;
  std::array<std::int32_t, kMostGpus> left = {};

  // Takes `milli` of one GPU of which exactly `of` is left.
  void Take(std::int32_t of, std::int32_t milli);
};

class Fragmentation {
 public:
  explicit Fragmentation(const std::vector<TypicalPod>& typical);

  // The number of a model.
  std::size_t Know(const std::string& model);
  double Of(std::size_t model, const Rest& rest) const;

 private:
  struct Need {
    int gpus;
    std::int32_t milli;
    std::vector<std::int64_t>
        counts;  // by how many of the thresholds the CPU left reaches: pods it is enough for
  };
  struct Model {
    std::string name;
    std::vector<std::int64_t> cpu;  // thresholds, ascending
    std::vector<Need> needs;        // by milli
  };
  std::vector<TypicalPod> typical_;
  std::int64_t total_ = 0;
  std::vector<Model> models_;
};

}  // namespace muster::reference
