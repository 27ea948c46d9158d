// The openb trace (Alibaba, 2023) and how its packing experiment is run: which pods arrive, and
// what is counted of where they went.
//
// Procedure: Weng et al., "Beware of Fragmentation" (FGD), USENIX ATC 2023, and the simulator
// published with it, whose generator of random numbers is another, so that means over seeds can be
// compared and single runs cannot.  Pods arrive one by one and never depart; one that fits nowhere
// is dropped.
//
// Threads: plain values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::reference {

inline constexpr int kMostGpus = 8;           // of a node
inline constexpr std::int32_t kWhole = 1000;  // milli of one GPU
inline constexpr int kMostLoad = 130;         // per cent of all GPUs that have been asked for

struct OpenbNode {
  std::string name;
  std::int64_t cpu_milli = 0, memory_mib = 0;
  int gpus = 0;  // up to kMostGpus
  std::string model;
};

// What a pod asks for; equal ones are one class.
struct OpenbPod {
  std::int64_t cpu_milli = 0, memory_mib = 0;
  int gpus = 0;
  std::int32_t gpu_milli = 0;  // of each GPU: kWhole, or less of one; 0 without GPUs
  std::string models;          // "T4|P100": one of these; empty: any

  std::int64_t Milli() const { return std::int64_t{gpus} * gpu_milli; }
  bool Admits(std::string_view model) const;
  friend auto operator<=>(const OpenbPod&, const OpenbPod&) = default;
};

// By name, as the file has them.  Ends the program with a message if the file is not what it should
// be.
std::vector<OpenbNode> ReadOpenbNodes(const std::string& file);
std::vector<OpenbPod> ReadOpenbPods(const std::string& file);

std::int64_t Milli(const std::vector<OpenbNode>& nodes);

// In the order of the names that a run gives them: the published runs put a number drawn anew
// before each name, which ties then go by.  (In the order of the file, FGD comes to 1.7 points less
// on cpu250.)
std::vector<OpenbNode> Renamed(std::vector<OpenbNode> nodes, std::uint64_t seed);

// Who arrives, as indexes of `pods`: all of them shuffled, then copies drawn one by one until the
// next would make it more than kMostLoad per cent of `capacity_milli`.
std::vector<std::uint32_t> Arrivals(const std::vector<OpenbPod>& pods, std::int64_t capacity_milli,
                                    std::uint64_t seed);

// Allocated GPUs by arrived load, both in per cent of all GPUs: the mean over the arrivals at which
// the load, rounded, was so much; 0 where there was none.
class Allocation {
 public:
  explicit Allocation(std::int64_t capacity_milli) : capacity_(capacity_milli) {}

  void Arrive(const OpenbPod& pod, bool placed);
  double At(int load) const;

 private:
  struct Mean {
    double sum = 0;
    std::int64_t count = 0;
  };
  std::int64_t capacity_, arrived_ = 0, allocated_ = 0;
  std::array<Mean, kMostLoad + 1> by_load_ = {};
};

}  // namespace muster::reference
