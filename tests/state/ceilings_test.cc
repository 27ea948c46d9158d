// What a Tenant allows, in the core's words: a zero is not the same as nothing said.
#include <gtest/gtest.h>

#include "muster/state/amounts.h"

namespace muster::state {
namespace {

constexpr char kGpu[] = "nvidia.com/gpu";
constexpr std::int64_t kMebibyte = 1 << 20;

TEST(Ceilings, AZeroStays) {
  const sched::Amounts zero = {{kGpu, 0}};
  EXPECT_EQ(ToCeilings({{"gpu", 0}}, kGpu), zero);
  EXPECT_EQ(ToAmounts({{"gpu", 0}}, Rounding::kUp, kGpu), sched::Amounts{});
}

TEST(Ceilings, NothingIsAllowedBeyondThemByRounding) {
  const sched::Amounts two = {{"memory", 2}};
  EXPECT_EQ(ToCeilings({{"memory", 3 * kMebibyte - 1}}, kGpu), two);
}

TEST(Ceilings, OfTwoNamesForOneResourceTheLesserCounts) {
  const sched::Amounts four = {{kGpu, 4}};
  EXPECT_EQ(ToCeilings({{"gpu", 4}, {kGpu, 8}}, kGpu), four);
  EXPECT_EQ(ToCeilings({{"gpu", 8}, {kGpu, 4}}, kGpu), four);
  EXPECT_EQ(ToAmounts({{"gpu", 4}, {kGpu, 8}}, Rounding::kUp, kGpu), four);
}

}  // namespace
}  // namespace muster::state
