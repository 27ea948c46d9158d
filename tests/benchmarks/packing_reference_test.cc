// The reference packers: the formulas by hand, and on one list of openb the published allocation.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "reference/packing.h"

namespace muster::reference {
namespace {

OpenbPod Pod(std::int64_t cpu_milli, int gpus, std::int32_t gpu_milli, const char* models = "") {
  return {cpu_milli, 0, gpus, gpu_milli, models};
}

// The nodes that the pods of a list go to, one after the other, each arriving once; -1: dropped.
std::vector<int> Places(const std::vector<OpenbNode>& nodes, const std::vector<OpenbPod>& pods,
                        Packing policy) {
  PackedCluster cluster(nodes, pods, policy, 1);
  std::vector<int> places;
  for (std::uint32_t i = 0; i < pods.size(); ++i) {
    const auto place = cluster.Place(i);
    places.push_back(place ? static_cast<int>(*place) : -1);
  }
  return places;
}

std::vector<OpenbNode> Nodes(const std::vector<int>& gpus) {
  std::vector<OpenbNode> nodes;
  for (const int count : gpus) nodes.push_back({"", 64'000, 1'000, count, "T4"});
  return nodes;
}

Rest RestOf(std::int64_t cpu_milli, const std::vector<std::int32_t>& left) {
  Rest rest;
  rest.cpu_milli = cpu_milli;
  for (const std::int32_t milli : left) rest.left[rest.gpus++] = milli;
  return rest;
}

TEST(OpenbPod, NamesTheModelsThatItAdmits) {
  EXPECT_TRUE(Pod(1, 1, 1000).Admits("T4"));
  EXPECT_TRUE(Pod(1, 1, 1000, "V100M16|T4").Admits("T4"));
  EXPECT_FALSE(Pod(1, 1, 1000, "V100M16|V100M32").Admits("V100"));
}

TEST(TypicalPods, AreTheMostFrequentUpTo95PerCent) {
  std::vector<OpenbPod> pods(19, Pod(1, 1, 500));
  pods.push_back(Pod(2, 1, 500));
  EXPECT_EQ(TypicalPods(pods).size(), 1u);  // 19 of 20
  pods.push_back(Pod(2, 1, 500));
  const auto typical = TypicalPods(pods);
  ASSERT_EQ(typical.size(), 2u);
  EXPECT_EQ(typical[0].count, 19);
}

TEST(Fragmentation, CountsWhatEachClassCannotUse) {
  Fragmentation f({{Pod(4'000, 1, 500), 2},
                   {Pod(8'000, 2, 1000), 1},
                   {Pod(1'000, 0, 0), 1},
                   {Pod(1'000, 1, 100, "A10"), 1}});
  const std::size_t t4 = f.Know("T4"), a10 = f.Know("A10");
  // Idle 2,400: the halves cannot use the 400, the pair and the others nothing of it.
  EXPECT_DOUBLE_EQ(f.Of(t4, RestOf(4'000, {400, 1000, 1000})),
                   (2 * 400 + 2400 + 2400 + 2400) / 5.0);
  EXPECT_DOUBLE_EQ(f.Of(t4, RestOf(8'000, {400, 1000, 1000})), (2 * 400 + 400 + 2400 + 2400) / 5.0);
  EXPECT_DOUBLE_EQ(f.Of(t4, RestOf(8'000, {400, 999, 1000})), (2 * 400 + 2399 + 2399 + 2399) / 5.0);
  EXPECT_DOUBLE_EQ(f.Of(a10, RestOf(3'999, {400, 1000, 1000})), (3 * 2400 + 2400 + 0) / 5.0);
  EXPECT_DOUBLE_EQ(f.Of(t4, RestOf(8'000, {})), 0);
}

TEST(Packing, APodThatFitsNowhereIsDropped) {
  for (const Packing policy : {Packing::kRandom, Packing::kBestFit, Packing::kFragmentation}) {
    EXPECT_EQ(Places(Nodes({1}),
                     {Pod(64'001, 0, 0), Pod(1, 1, 600), Pod(1, 1, 500), Pod(1, 1, 400)}, policy),
              (std::vector<int>{-1, 0, -1, 0}));
  }
}

TEST(Packing, BestFitTakesLeastLeft) {
  EXPECT_EQ(
      Places(Nodes({8, 2, 4}), {Pod(1'000, 1, 1000), Pod(1'000, 2, 1000), Pod(1'000, 1, 1000)},
             Packing::kBestFit),
      (std::vector<int>{1, 2, 1}));
}

TEST(Packing, DotProductTakesTheLeastAlignedNode) {
  EXPECT_EQ(
      Places(Nodes({8, 2, 4}), {Pod(1'000, 1, 1000), Pod(1'000, 4, 1000)}, Packing::kDotProduct),
      (std::vector<int>{1, 2}));
}

TEST(Packing, GpuPackingPrefersSharedThenUsedThenIdle) {
  // The share opens the small idle node, the pair the other one; then a share goes beside the
  // share, and a whole GPU to a node in use, the first of them.
  EXPECT_EQ(
      Places(Nodes({4, 2, 8}),
             {Pod(1, 1, 500), Pod(1, 4, 1000), Pod(1, 1, 300), Pod(1, 1, 1000), Pod(1, 1, 900)},
             Packing::kPacking),
      (std::vector<int>{1, 0, 1, 1, 2}));
}

TEST(Packing, ClusteringPrefersNodesWithTheSameKindOfPods) {
  EXPECT_EQ(
      Places(Nodes({8, 8}), {Pod(1, 1, 500), Pod(1, 1, 1000), Pod(1, 1, 500), Pod(1, 1, 1000)},
             Packing::kClustering),
      (std::vector<int>{0, 1, 0, 1}));
}

TEST(Packing, FragmentationKeepsWholeGpusForThoseThatComeWhole) {
  // Mostly pairs come: a share breaks no pair as long as there is an odd GPU.
  std::vector<OpenbPod> pods(9, Pod(1'000, 2, 1000));
  pods.insert(pods.begin(), Pod(1'000, 1, 500));
  EXPECT_EQ(Places(Nodes({2, 3}), pods, Packing::kFragmentation).front(), 1);
  EXPECT_EQ(Places(Nodes({2, 3}), pods, Packing::kBestFit).front(), 0);
}

TEST(Packing, TheFragmentationScoreIsAWholeNumberOfTheSigmoid) {
  // Whole GPUs alone come, of two models' names.  A share costs 1,000 usable milli wherever it
  // goes, less what nobody could use before: 100 * sigmoid(-0.5) = 37.75 at both, so the first gets
  // it, although the second has half of its classes gone anyway.
  std::vector<OpenbPod> pods(20, Pod(1'000, 1, 1000, "T4"));
  pods.insert(pods.begin(), Pod(1'000, 1, 500));
  auto nodes = Nodes({1, 1});
  nodes[0].model = "P100";
  EXPECT_EQ(Places(nodes, pods, Packing::kFragmentation).front(), 0);  // F falls there: nobody's
  std::swap(nodes[0], nodes[1]);
  EXPECT_EQ(Places(nodes, pods, Packing::kFragmentation).front(), 1);
}

TEST(Arrivals, AreAllPodsAndThenCopiesUpTo130PerCent) {
  const std::vector<OpenbPod> pods = {Pod(1, 1, 500), Pod(1, 2, 1000), Pod(1, 0, 0)};
  const auto arrivals = Arrivals(pods, 10'000, 42);
  std::int64_t milli = 0;
  std::vector<int> first(3, 0);
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    milli += pods[arrivals[i]].Milli();
    if (i < 3) ++first[arrivals[i]];
  }
  EXPECT_EQ(first, (std::vector<int>{1, 1, 1}));
  EXPECT_LE(milli, 13'000);
  EXPECT_GT(milli, 11'000);
}

TEST(Allocation, IsTheMeanOverTheArrivalsOfALoad) {
  Allocation allocation(1'000);
  allocation.Arrive(Pod(1, 1, 100), true);
  allocation.Arrive(Pod(1, 0, 0), true);
  allocation.Arrive(Pod(1, 1, 4), false);
  allocation.Arrive(Pod(1, 1, 1), true);
  EXPECT_DOUBLE_EQ(allocation.At(10), 10);
  EXPECT_DOUBLE_EQ(allocation.At(11), 10.1);
  EXPECT_DOUBLE_EQ(allocation.At(12), 0);
}

// The published figures are means of ten runs whose standard deviation is 0.3 (both in
// fgd_expected_alloc.csv): one run lies within two of them.
TEST(Packing, OnOpenbComesToWhatWasPublished) {
  const std::string folder = std::string(MUSTER_SOURCE_DIR) + "/benchmarks/traces/openb/";
  const auto nodes = ReadOpenbNodes(folder + "openb_node_list_gpu_node.csv");
  const auto pods = ReadOpenbPods(folder + "openb_pod_list_cpu250.csv");
  ASSERT_EQ(Milli(nodes), 6'212'000);
  for (const auto& [policy, published] :
       {std::pair{Packing::kBestFit, 91.211}, std::pair{Packing::kFragmentation, 93.196}}) {
    PackedCluster cluster(Renamed(nodes, 42), pods, policy, 42);
    Allocation allocation(Milli(nodes));
    for (const std::uint32_t pod : Arrivals(pods, Milli(nodes), 42)) {
      allocation.Arrive(pods[pod], cluster.Place(pod).has_value());
    }
    EXPECT_NEAR(allocation.At(100), published, 0.6) << NameOf(policy);
  }
}

}  // namespace
}  // namespace muster::reference
