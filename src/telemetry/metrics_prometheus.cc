// Metrics on prometheus-cpp: its registry holds the values and its serializer writes them.  Looking
// a series up there takes a map of strings; the tables here make it one hash of the values.
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <deque>
#include <set>
#include <sstream>
#include <unordered_map>

#include "muster/base/check.h"
#include "muster/base/mutex.h"
#include "muster/telemetry/metrics.h"
#include "telemetry/process.h"

namespace muster::telemetry {
namespace {

struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
};

constexpr char kSeparator = '\x1f';

// The values as one text, in a buffer that each thread reuses.
template <class Values>
std::string_view KeyOf(const Values& values) {
  thread_local std::string key;
  key.clear();
  for (const auto& value : values) {
    key += value;
    key += kSeparator;
  }
  return key;
}

prometheus::Histogram& AddTo(prometheus::Family<prometheus::Histogram>& family,
                             const prometheus::Labels& labels, const MetricRow& row) {
  return family.Add(labels, prometheus::Histogram::BucketBoundaries(row.buckets));
}
template <class T>
T& AddTo(prometheus::Family<T>& family, const prometheus::Labels& labels, const MetricRow&) {
  return family.Add(labels);
}

// The series of one metric.
template <class T>
class Series {
 public:
  Series(const MetricRow& row, prometheus::Family<T>& family) : row_(row), family_(family) {}

  // Runs `use` on the series of these values, made when new; false: there are too many.
  template <class Values, class Use>
  bool With(const Values& values, const Use& use) {
    MUSTER_CHECK(values.size() == row_.labels.size());
    const std::string_view key = KeyOf(values);
    const base::Lock lock(mutex_);
    T* series = Find(key, values);
    if (series != nullptr) use(*series);
    return series != nullptr;
  }

  // Removes the series whose keys are not in `kept`.
  void Retain(const std::set<std::string, std::less<>>& kept) {
    const base::Lock lock(mutex_);
    for (auto it = known_.begin(); it != known_.end();) {
      if (kept.count(it->first) == 0) {
        family_.Remove(it->second);
        it = known_.erase(it);
      } else {
        ++it;
      }
    }
  }

 private:
  template <class Values>
  T* Find(std::string_view key, const Values& values) REQUIRES_LOCK(mutex_) {
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
    if (known_.size() >= Metrics::kMaxSeries) return nullptr;
    prometheus::Labels labels;
    auto label = row_.labels.begin();
    for (const auto& value : values) labels.emplace(*label++, value);
    T* made = &AddTo(family_, labels, row_);
    known_.emplace(key, made);
    return made;
  }

  const MetricRow& row_;
  prometheus::Family<T>& family_;
  base::Mutex mutex_;
  std::unordered_map<std::string, T*, KeyHash, std::equal_to<>> known_ GUARDED_BY(mutex_);
};

}  // namespace

struct Metrics::Impl {
  Impl() {
    for (const MetricRow& row : Catalogue()) {
      index.push_back(Place(row));
      if (row.labels.empty()) Appear(row);
    }
    AppearDropped();
  }

  // Makes the family of a row; returns its index among those of its type.
  std::size_t Place(const MetricRow& row) {
    const std::string name(row.name);
    const std::string help(row.help);
    switch (row.type) {
      case Type::kCounter:
        counters.emplace_back(row,
                              prometheus::BuildCounter().Name(name).Help(help).Register(registry));
        return counters.size() - 1;
      case Type::kGauge:
        gauges.emplace_back(row, prometheus::BuildGauge().Name(name).Help(help).Register(registry));
        return gauges.size() - 1;
      case Type::kHistogram:
        histograms.emplace_back(
            row, prometheus::BuildHistogram().Name(name).Help(help).Register(registry));
        return histograms.size() - 1;
    }
    return 0;
  }

  // A counter or histogram without labels is there from the start, at zero, so that rates of it are
  // right from the first event on.
  void Appear(const MetricRow& row) {
    const auto nothing = [](auto&) {};
    if (row.type == Type::kCounter) counters.back().With(LabelValues{}, nothing);
    if (row.type == Type::kHistogram) histograms.back().With(LabelValues{}, nothing);
  }

  // increase() would not see the first drop of a series that was not there before.
  void AppearDropped() {
    Series<prometheus::Counter>& dropped = Of(counters, Metric::kSeriesDropped, Type::kCounter);
    for (const MetricRow& row : Catalogue()) {
      if (!row.labels.empty()) dropped.With(LabelValues{row.name}, [](auto&) {});
    }
  }

  template <class T>
  Series<T>& Of(std::deque<Series<T>>& all, Metric metric, Type type) {
    MUSTER_CHECK(RowOf(metric).type == type);
    return all[index[static_cast<std::size_t>(metric)]];
  }
  auto& CounterSeries(Metric m) { return Of(counters, m, Type::kCounter); }
  auto& GaugeSeries(Metric m) { return Of(gauges, m, Type::kGauge); }
  auto& HistogramSeries(Metric m) { return Of(histograms, m, Type::kHistogram); }

  void CountDropped(Metric metric) {
    CounterSeries(Metric::kSeriesDropped).With(LabelValues{RowOf(metric).name}, [](auto& series) {
      series.Increment();
    });
  }

  prometheus::Registry registry;
  std::vector<std::size_t> index;  // by Metric; into the deque of its type
  std::deque<Series<prometheus::Counter>> counters;
  std::deque<Series<prometheus::Gauge>> gauges;
  std::deque<Series<prometheus::Histogram>> histograms;
  base::Mutex collect_mutex;
  std::vector<std::function<void(Metrics&)>> collectors GUARDED_BY(collect_mutex);
};

namespace {

// `cpu_before` is what the counter already holds.
void CollectProcess(Metrics& metrics, double& cpu_before) {
  const auto sample = ReadProcess();
  if (!sample) return;
  if (sample->cpu_seconds > cpu_before) {
    metrics.Add(Metric::kCpuSeconds, {}, sample->cpu_seconds - cpu_before);
    cpu_before = sample->cpu_seconds;
  }
  metrics.Set(Metric::kResidentMemory, {}, sample->resident_bytes);
  metrics.Set(Metric::kVirtualMemory, {}, sample->virtual_bytes);
  metrics.Set(Metric::kStartTime, {}, sample->start_unix_seconds);
  metrics.Set(Metric::kOpenFds, {}, sample->open_fds);
  metrics.Set(Metric::kMaxFds, {}, sample->max_fds);
}

}  // namespace

Metrics::Metrics(bool process_metrics) : impl_(std::make_unique<Impl>()) {
  if (!process_metrics) return;
  OnCollect([before = 0.0](Metrics& metrics) mutable { CollectProcess(metrics, before); });
}

Metrics::~Metrics() = default;

void Metrics::Add(Metric counter, LabelValues values, double amount) {
  MUSTER_CHECK(amount >= 0);
  const bool there = impl_->CounterSeries(counter).With(
      values, [amount](prometheus::Counter& series) { series.Increment(amount); });
  if (!there) impl_->CountDropped(counter);
}

void Metrics::Set(Metric gauge, LabelValues values, double value) {
  const bool there = impl_->GaugeSeries(gauge).With(
      values, [value](prometheus::Gauge& series) { series.Set(value); });
  if (!there) impl_->CountDropped(gauge);
}

void Metrics::Observe(Metric histogram, LabelValues values, double value) {
  const bool there = impl_->HistogramSeries(histogram).With(
      values, [value](prometheus::Histogram& series) { series.Observe(value); });
  if (!there) impl_->CountDropped(histogram);
}

void Metrics::ObserveAll(Metric histogram, LabelValues values, const std::vector<double>& by_bucket,
                         double sum) {
  MUSTER_CHECK(by_bucket.size() == RowOf(histogram).buckets.size() + 1);
  const bool there = impl_->HistogramSeries(histogram).With(
      values,
      [&by_bucket, sum](prometheus::Histogram& series) { series.ObserveMultiple(by_bucket, sum); });
  if (!there) impl_->CountDropped(histogram);
}

void Metrics::SetAll(Metric gauge, const std::vector<Sample>& samples) {
  std::set<std::string, std::less<>> kept;
  for (const Sample& sample : samples) kept.emplace(KeyOf(sample.labels));
  auto& series = impl_->GaugeSeries(gauge);
  series.Retain(kept);
  for (const Sample& sample : samples) {
    const double value = sample.value;
    if (!series.With(sample.labels, [value](prometheus::Gauge& g) { g.Set(value); })) {
      impl_->CountDropped(gauge);
    }
  }
}

void Metrics::OnCollect(std::function<void(Metrics&)> collect) {
  const base::Lock lock(impl_->collect_mutex);
  impl_->collectors.push_back(std::move(collect));
}

std::string Metrics::Text() {
  const base::Lock lock(impl_->collect_mutex);
  for (const auto& collect : impl_->collectors) collect(*this);
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  families.erase(std::remove_if(families.begin(), families.end(),
                                [](const auto& family) { return family.metric.empty(); }),
                 families.end());
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace muster::telemetry
