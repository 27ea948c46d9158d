// The one place where plugins are named.
#include "muster/sched/schedule.h"
#include "sched/plugins/plugin.h"

namespace muster::sched {

Filter NodeReadyFilter();
Filter TaintsFilter();
Filter NodeSelectorFilter();
Filter VolumeAffinityFilter();
Filter GpuModelFilter();
Filter PortsFilter();
Filter ResourcesFilter();
Filter PodAffinityFilter();
Filter TopologySpreadFilter();
Score BestFitScore();

namespace {

const Filter* Filters(std::size_t* count) {
  static const Filter kFilters[] = {
      NodeReadyFilter(),      TaintsFilter(),      NodeSelectorFilter(),
      VolumeAffinityFilter(), GpuModelFilter(),    PortsFilter(),
      ResourcesFilter(),      PodAffinityFilter(), TopologySpreadFilter(),
  };
  *count = sizeof(kFilters) / sizeof(kFilters[0]);
  return kFilters;
}

const Score* Scores(std::size_t* count) {
  static const Score kScores[] = {BestFitScore()};
  *count = sizeof(kScores) / sizeof(kScores[0]);
  return kScores;
}

template <class Plugin>
const Plugin* Find(const Plugin* (*all)(std::size_t*), std::string_view name) {
  std::size_t count = 0;
  const Plugin* plugins = all(&count);
  for (std::size_t i = 0; i < count; ++i) {
    if (plugins[i].name == name) return &plugins[i];
  }
  return nullptr;
}

}  // namespace

const Filter* FindFilter(std::string_view name) { return Find(Filters, name); }
const Score* FindScore(std::string_view name) { return Find(Scores, name); }

bool IsFilter(std::string_view name) { return FindFilter(name) != nullptr; }
bool IsScore(std::string_view name) { return FindScore(name) != nullptr; }

}  // namespace muster::sched
