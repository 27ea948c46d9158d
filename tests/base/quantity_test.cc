#include "muster/base/quantity.h"

#include <gtest/gtest.h>

#include <limits>

namespace muster::base {
namespace {

TEST(Quantity, ReadsEveryFormKubernetesWrites) {
  EXPECT_EQ(*ParseMilli("500m"), 500);
  EXPECT_EQ(*ParseMilli("2"), 2000);
  EXPECT_EQ(*ParseMilli("0.1"), 100);
  EXPECT_EQ(*ParseMilli("1.5"), 1500);
  EXPECT_EQ(*ParseUnits("4Gi"), 4LL << 30);
  EXPECT_EQ(*ParseUnits("0.5Gi"), 1LL << 29);
  EXPECT_EQ(*ParseUnits("1e3"), 1000);
  EXPECT_EQ(*ParseUnits("2E"), 2'000'000'000'000'000'000);
  EXPECT_EQ(*ParseUnits("5k"), 5000);
  EXPECT_EQ(*ParseUnits("128974848"), 128974848);
}

TEST(Quantity, RoundsUpSoThatNothingIsPromisedTwice) {
  EXPECT_EQ(*ParseMilli("1u"), 1);
  EXPECT_EQ(*ParseUnits("1500m"), 2);
  EXPECT_EQ(*ParseUnits("100n"), 1);
}

TEST(Quantity, RefusesWhatIsNoQuantity) {
  for (const char* bad : {"", "-1", "abc", "1Gx", "1.2.3", "Gi", "1e", "1 Gi", "0x10", "1e9999"}) {
    EXPECT_FALSE(ParseMilli(bad).ok()) << bad;
    EXPECT_FALSE(ParseUnits(bad).ok()) << bad;
  }
}

TEST(Quantity, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(ParseUnits("9223372036854775808").ok());
  EXPECT_FALSE(ParseMilli("9223372036854775807").ok());
  EXPECT_FALSE(ParseUnits("16Ei").ok());
  EXPECT_EQ(*ParseUnits("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
}

TEST(Quantity, FormatsForPeople) {
  EXPECT_EQ(FormatMilli(1500), "1500m");
  EXPECT_EQ(FormatMilli(2000), "2");
  EXPECT_EQ(FormatMebibytes(2048), "2Gi");
  EXPECT_EQ(FormatMebibytes(1500), "1500Mi");
  EXPECT_EQ(FormatMebibytes(0), "0Mi");
}

TEST(Quantity, SumsSaturate) {
  EXPECT_EQ(SaturatingAdd(INT64_MAX, 1), INT64_MAX);
  EXPECT_EQ(SaturatingMul(INT64_MAX, 2), INT64_MAX);
  EXPECT_EQ(SaturatingMul(INT64_MAX, -2), INT64_MIN);
}

}  // namespace
}  // namespace muster::base
