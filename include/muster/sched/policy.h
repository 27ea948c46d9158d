// A Policy is the whole configuration of one scheduling cycle: which plugins take part, how much
// each counts, and the constants of the rules.  Registering a plugin changes nothing until a Policy
// names it.
//
// Plain values.  The ranges are what the configuration admits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::sched {

struct ScoreWeight {
  std::string plugin;
  std::int32_t weight = 1;  // 0 to 1'000
  friend bool operator==(const ScoreWeight&, const ScoreWeight&) = default;
};

// kProven is what everyone runs.  kNone lets any gang evict any other: it exists for the test that
// shows why there are rules, and no configuration names it.
enum class PreemptionRules { kProven, kNone };

// In what order gangs of one tenant and priority are tried, earlier deadlines apart.
enum class InnerOrder {
  kSubmit,    // by age
  kExpected,  // those whose bound allows the least device time first, in powers of four
};

struct Policy {
  std::string device_resource = "nvidia.com/gpu";      // what "GPU" means in texts and limits
  std::string model_label = "nvidia.com/gpu.product";  // node label compared with Shape::gpu_model
  std::vector<std::string> filters = {"node_ready",      "taints",       "node_selector",
                                      "volume_affinity", "gpu_model",    "ports",
                                      "resources",       "pod_affinity", "topology_spread"};
  std::vector<ScoreWeight> scores = {{"best_fit", 30}};
  InnerOrder inner_order = InnerOrder::kSubmit;
  // Aging inside a level, with kSubmit: effective = base + step * floor(wait / interval), at most
  // one below the next level.
  std::int32_t aging_step = 1;              // 0 (off) to 100
  std::int64_t aging_interval_ms = 60'000;  // a second to a day
  bool preemption = true;
  PreemptionRules preemption_rules = PreemptionRules::kProven;
  std::int32_t max_evictions_per_cycle = 64;    // 0 to 10'000
  std::int64_t reservation_slack_ms = 120'000;  // held for grace + this; up to a day
  // How many blocked gangs have a slot, a place kept for them from a time to come; 0: none.
  std::int32_t slots = 0;               // 0 to 1'000
  std::int64_t work_limit = 2'000'000;  // node visits of preemption, 1'000 to 10^9
  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace muster::sched
