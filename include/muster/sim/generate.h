// Synthetic workloads in the Standard Workload Format.
//
// Arrivals, sizes and run times are drawn as Lublin and Feitelson found them in the logs of
// parallel machines ("The workload on parallel supercomputers: modeling the characteristics of
// rigid jobs", JPDC 63(11), 2003), with their parameters for all jobs together: a daily cycle of
// arrivals, sizes uniform in their logarithm in two parts with many powers of two, run times
// hyper-gamma in their logarithm, longer for larger jobs.  Arrivals are then stretched to the load
// that is asked for.
//
// Estimates are exact, or modal as Tsafrir, Etsion and Feitelson found them ("Modeling user runtime
// estimates", JSSPP 2005): 20 round values have nine of ten jobs, the largest of them 15 %; a job's
// accuracy is uniform, and nobody estimates too little.
//
// Threads: a pure function.
#pragma once

#include <cstdint>
#include <string>

namespace muster::sim {

enum class Estimates { kExact, kModal };

struct Model {
  std::int64_t jobs = 10'000;       // 1 to 10^7
  std::int64_t processors = 128;    // 8 to 10^6
  std::int64_t load_per_mille = 0;  // sum of run time times size, of the machine over the span of
                                    // arrivals; 0: as they come
  Estimates estimates = Estimates::kExact;
  std::uint64_t seed = 1;
};

// The same text for the same model (but for the last bit of the C library's logarithms).
std::string Generate(const Model& model);

}  // namespace muster::sim
