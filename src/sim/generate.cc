#include "muster/sim/generate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numbers>
#include <random>
#include <vector>

namespace muster::sim {
namespace {

// The parameters of all jobs together (table 7 of the paper and what follows it).
constexpr double kSerial = 0.244, kPowerOfTwo = 0.576;
constexpr double kLow = 0.8, kMedBelowHigh = 2.5, kLowerPart = 0.86;
constexpr double kShortShape = 4.2, kShortScale = 0.94, kLongShape = 312, kLongScale = 0.03;
constexpr double kShortSlope = -0.0054, kShortAt0 = 0.78;
constexpr double kGapShape = 10.2303, kGapScale = 0.4871, kRushToAll = 1.0225;
constexpr double kDayShape = 8.1737, kDayScale = 3.9631;
constexpr double kLongestLog = 12;     // of a run time: e^12 s are 45 h
constexpr double kLongestGapLog = 13;  // of a gap
constexpr int kBuckets = 48;           // of half an hour
constexpr double kBucketSeconds = 1800;
constexpr int kDayBegins = 11;  // in the model of the daily cycle, at this bucket

constexpr std::int64_t kMinute = 60, kHour = 3600;
constexpr std::int64_t kRound[] = {
    5 * kMinute, 10 * kMinute, 15 * kMinute, 20 * kMinute, 30 * kMinute, 45 * kMinute, kHour,
    2 * kHour,   3 * kHour,    4 * kHour,    5 * kHour,    6 * kHour,    8 * kHour,    10 * kHour,
    12 * kHour,  15 * kHour,   18 * kHour,   24 * kHour,   36 * kHour,   48 * kHour};
constexpr double kAtMaximum = 0.15, kOdd = 0.10;

// The distributions of the standard library differ from one implementation to another.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // In (0, 1).
  double Uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  bool Happens(double probability) { return Uniform() < probability; }

  // Marsaglia and Tsang, ACM TOMS 26(3), 2000.  REQUIRES: shape >= 1.
  double Gamma(double shape, double scale) {
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = Normal(), v = std::pow(1 + c * x, 3);
      if (v <= 0) continue;
      if (std::log(Uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v * scale;
    }
  }

 private:
  // Box and Muller.
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) * std::cos(2 * std::numbers::pi * Uniform());
  }

  std::mt19937_64 engine_;
};

// What arrives in each bucket of a day, 1 in the mean: differences of the gamma distribution, whose
// density is summed up here.
std::array<double, kBuckets> DailyCycle() {
  std::array<double, kBuckets> weights{};
  double sum = 0;
  constexpr int kSteps = 64;
  for (int i = 0; i < kBuckets; ++i) {
    double weight = 0;
    for (int step = 0; step < kSteps; ++step) {
      const double x = kDayBegins + i - 0.5 + (step + 0.5) / kSteps;
      weight += std::exp((kDayShape - 1) * std::log(x) - x / kDayScale);
    }
    weights[static_cast<std::size_t>((kDayBegins + i) % kBuckets)] = weight;
    sum += weight;
  }
  for (double& weight : weights) weight *= kBuckets / sum;
  return weights;
}

std::int64_t DrawSize(Random& random, std::int64_t processors) {
  if (random.Happens(kSerial)) return 1;
  const double high = std::log2(static_cast<double>(processors));
  const double med = std::max(kLow, high - kMedBelowHigh);
  double log = random.Happens(kLowerPart) ? random.Uniform(kLow, med) : random.Uniform(med, high);
  if (random.Happens(kPowerOfTwo)) log = std::floor(log + 0.5);
  const auto size = static_cast<std::int64_t>(std::floor(std::exp2(log) + 0.5));
  return std::clamp<std::int64_t>(size, 2, processors);
}

// The model knows machines of some hundred processors: beyond them, larger jobs are not longer.
std::int64_t DrawRun(Random& random, std::int64_t size) {
  const double p = std::max(0.0, kShortSlope * static_cast<double>(size) + kShortAt0);
  for (;;) {
    const double log = random.Happens(p) ? random.Gamma(kShortShape, kShortScale)
                                         : random.Gamma(kLongShape, kLongScale);
    if (log > kLongestLog) continue;
    return std::max<std::int64_t>(1, std::llround(std::exp(log)));
  }
}

// A gap is paid for with the weights of the buckets that it goes through.
double NextArrival(Random& random, const std::array<double, kBuckets>& weights, double now) {
  double points = 0;
  do {
    points = random.Gamma(kGapShape * kRushToAll, kGapScale);
  } while (points > kLongestGapLog);
  points = std::exp(points) / kBucketSeconds;
  while (true) {
    const double bucket = std::floor(now / kBucketSeconds);
    const double weight = weights[static_cast<std::size_t>(std::fmod(bucket, kBuckets))];
    const double left = (bucket + 1) - now / kBucketSeconds;
    if (points <= left * weight) return now + points / weight * kBucketSeconds;
    points -= left * weight;
    now = (bucket + 1) * kBucketSeconds;
  }
}

std::int64_t DrawEstimate(Random& random, std::int64_t run) {
  const std::int64_t most = *std::rbegin(kRound);
  if (random.Happens(kAtMaximum)) return most;
  const auto asked = static_cast<std::int64_t>(static_cast<double>(run) / random.Uniform(0.05, 1));
  if (random.Happens(kOdd / (1 - kAtMaximum))) {
    return std::min(most, (asked / kMinute + 1) * kMinute);
  }
  const auto* round = std::lower_bound(std::begin(kRound), std::end(kRound), asked);
  return round == std::end(kRound) ? most : *round;
}

struct Line {
  double submit = 0;
  std::int64_t run = 0, size = 0, estimate = 0;
};

std::vector<Line> Draw(const Model& model) {
  Random random(model.seed);
  const auto weights = DailyCycle();
  std::vector<Line> lines;
  double now = 0, area = 0;
  for (std::int64_t i = 0; i < model.jobs; ++i) {
    now = NextArrival(random, weights, now);
    Line line;
    line.submit = now;
    line.size = DrawSize(random, model.processors);
    line.run = DrawRun(random, line.size);
    line.estimate =
        model.estimates == Estimates::kExact ? line.run : DrawEstimate(random, line.run);
    area += static_cast<double>(line.run * line.size);
    lines.push_back(line);
  }
  const double span = lines.back().submit - lines.front().submit;
  if (model.load_per_mille == 0 || span <= 0) return lines;
  const double load = area / (static_cast<double>(model.processors) * span);
  const double stretch = load * 1000 / static_cast<double>(model.load_per_mille);
  for (Line& line : lines) line.submit = (line.submit - lines.front().submit) * stretch;
  return lines;
}

}  // namespace

std::string Generate(const Model& model) {
  std::string text = "; Version: 2.2\n; Computer: drawn from the model of Lublin and Feitelson\n";
  text += "; MaxJobs: " + std::to_string(model.jobs) + "\n";
  text += "; MaxProcs: " + std::to_string(model.processors) + "\n";
  text += "; Note: seed " + std::to_string(model.seed) + ", load " +
          (model.load_per_mille == 0 ? "as it comes" : std::to_string(model.load_per_mille)) +
          " per mille, estimates " + (model.estimates == Estimates::kExact ? "exact" : "modal") +
          "\n";
  std::int64_t number = 0;
  for (const Line& line : Draw(model)) {
    const std::string size = std::to_string(line.size);
    text += std::to_string(++number) + " " + std::to_string(std::llround(line.submit)) + " -1 " +
            std::to_string(line.run) + " " + size + " -1 -1 " + size + " " +
            std::to_string(line.estimate) + " -1 1 1 1 -1 1 -1 -1 -1\n";
  }
  return text;
}

}  // namespace muster::sim
