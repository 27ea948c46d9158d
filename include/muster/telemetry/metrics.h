// The values of the metrics in the catalogue, for everyone who counts, and their text for /metrics.
//
// Cost: a call is a hash of its label values and a short lock of that one metric.  Nothing here
// waits for a scrape. Threads: everything may be called from any thread. REQUIRES everywhere: the
// metric has the type in question, and as many values as labels (CHECK).
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "muster/telemetry/catalogue.h"

namespace muster::telemetry {

// Label values in the catalogue's order; {} where there are no labels.
using LabelValues = std::initializer_list<std::string_view>;

struct Sample {
  std::vector<std::string> labels;
  double value = 0;
};

class Metrics {
 public:
  // A metric never has more series than this: what comes after is dropped and counted in
  // gpu_scheduler_metric_series_dropped_total, so that no input can fill the memory.
  static constexpr std::size_t kMaxSeries = 2'000;

  // `process_metrics`: also keep process_* (read from /proc/self at each scrape).
  explicit Metrics(bool process_metrics = true);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void Add(Metric counter, LabelValues values, double amount = 1);  // amount >= 0
  void Set(Metric gauge, LabelValues values, double value);
  void Observe(Metric histogram, LabelValues values, double value);
  // Many values at once: how many fell into each bucket of the catalogue and above them all (one
  // number more than buckets), and their sum.
  void ObserveAll(Metric histogram, LabelValues values, const std::vector<double>& by_bucket,
                  double sum);

  // Makes `samples` all the series of the gauge: those not in it disappear (a tenant that is gone).
  void SetAll(Metric gauge, const std::vector<Sample>& samples);

  // `collect` runs at the start of every Text(), one at a time, to set gauges that are cheaper
  // asked than kept.  It must not block and must not call Text() or OnCollect().
  void OnCollect(std::function<void(Metrics&)> collect);

  // All series in the Prometheus text format 0.0.4.
  std::string Text();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::telemetry
