#include "reference/openb.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>

#include "muster/base/text.h"

namespace muster::reference {
namespace {

std::vector<std::vector<std::string>> ReadCsv(const std::string& file, const char* header) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  if (!line.starts_with(header)) {
    std::fprintf(stderr, "%s does not begin with %s\n", file.c_str(), header);
    std::exit(2);
  }
  std::vector<std::vector<std::string>> lines;
  while (std::getline(in, line)) {
    const auto fields = base::Split(line, ',');
    lines.emplace_back(fields.begin(), fields.end());
  }
  return lines;
}

}  // namespace

bool OpenbPod::Admits(std::string_view model) const {
  if (models.empty()) return true;
  for (const std::string_view one : base::Split(models, '|')) {
    if (one == model) return true;
  }
  return false;
}

std::vector<OpenbNode> ReadOpenbNodes(const std::string& file) {
  std::vector<OpenbNode> nodes;
  for (const auto& line : ReadCsv(file, "sn,cpu_milli,memory_mib,gpu,model")) {
    nodes.push_back(
        {line[0], std::stoll(line[1]), std::stoll(line[2]), std::stoi(line[3]), line[4]});
  }
  return nodes;
}

std::vector<OpenbPod> ReadOpenbPods(const std::string& file) {
  std::vector<OpenbPod> pods;
  for (const auto& line : ReadCsv(file, "name,cpu_milli,memory_mib,num_gpu,gpu_milli")) {
    pods.push_back({std::stoll(line[1]), std::stoll(line[2]), std::stoi(line[3]),
                    std::stoi(line[4]), line.size() > 5 ? line[5] : ""});
  }
  return pods;
}

std::int64_t Milli(const std::vector<OpenbNode>& nodes) {
  std::int64_t milli = 0;
  for (const OpenbNode& node : nodes) milli += std::int64_t{node.gpus} * kWhole;
  return milli;
}

std::vector<OpenbNode> Renamed(std::vector<OpenbNode> nodes, std::uint64_t seed) {
  std::mt19937_64 random(~seed);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    std::swap(nodes[i], nodes[random() % (i + 1)]);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::string number = std::to_string(10'000 + i).substr(1);
    nodes[i].name.insert(0, number + "-");
  }
  return nodes;
}

std::vector<std::uint32_t> Arrivals(const std::vector<OpenbPod>& pods, std::int64_t capacity_milli,
                                    std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint32_t> order(pods.size());
  std::int64_t milli = 0;
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    milli += pods[i].Milli();
    order[i] = i;
    std::swap(order[i], order[random() % (i + 1)]);
  }
  for (;;) {
    const auto next = static_cast<std::uint32_t>(random() % pods.size());
    milli += pods[next].Milli();
    if (milli * 100 > capacity_milli * kMostLoad) return order;
    order.push_back(next);
  }
}

void Allocation::Arrive(const OpenbPod& pod, bool placed) {
  arrived_ += pod.Milli();
  if (placed) allocated_ += pod.Milli();
  const auto all = static_cast<double>(capacity_);
  const auto load = std::lround(100 * static_cast<double>(arrived_) / all);
  if (load > kMostLoad) return;
  Mean& mean = by_load_[static_cast<std::size_t>(load)];
  mean.sum += 100 * static_cast<double>(allocated_) / all;
  ++mean.count;
}

double Allocation::At(int load) const {
  const Mean& mean = by_load_.at(static_cast<std::size_t>(load));
  return mean.count == 0 ? 0 : mean.sum / static_cast<double>(mean.count);
}

}  // namespace muster::reference
