#include "muster/base/text.h"

#include <gtest/gtest.h>

#include "muster/base/hash.h"
#include "muster/base/time_text.h"

namespace muster::base {
namespace {

TEST(Text, GlobsMatchRunsOfCharacters) {
  EXPECT_TRUE(GlobMatch("tenant-a-*", "tenant-a-dev"));
  EXPECT_TRUE(GlobMatch("*", ""));
  EXPECT_TRUE(GlobMatch("a*b*c", "aXXbYYc"));
  EXPECT_FALSE(GlobMatch("tenant-a-*", "tenant-b-dev"));
  EXPECT_FALSE(GlobMatch("a", "ab"));
}

TEST(Text, RangesRoundTrip) {
  EXPECT_EQ(FormatRanges({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
  EXPECT_EQ(*ParseRanges("0-2,5,7-8", 100), (std::vector<std::int32_t>{0, 1, 2, 5, 7, 8}));
  EXPECT_TRUE(ParseRanges("", 0)->empty());
}

TEST(Text, BadRangesAreRefused) {
  for (const char* bad : {"a", "3-1", "1,1", "2,1", "-1", "0-", ",", "0-99999999999"}) {
    EXPECT_FALSE(ParseRanges(bad, 100).has_value()) << bad;
  }
  EXPECT_FALSE(ParseRanges("0-4000000", 100).has_value());
}

TEST(Time, RoundTripsAndReadsOffsets) {
  EXPECT_EQ(FormatTime(*ParseTime("2024-01-01T12:00:00Z")), "2024-01-01T12:00:00Z");
  EXPECT_EQ(FormatTime(*ParseTime("2024-01-01T12:00:00.5+02:00")), "2024-01-01T10:00:00Z");
  EXPECT_EQ(ParseTime("2024-01-01T12:00:00.123456Z")->unix_ms % 1000, 123);
  EXPECT_EQ(FormatMicroTime(*ParseTime("2024-01-01T12:00:00.123Z")), "2024-01-01T12:00:00.123000Z");
  EXPECT_FALSE(ParseTime("yesterday").ok());
  EXPECT_FALSE(ParseTime("2024-01-01T12:00:00").ok());
}

TEST(Time, DurationsHaveAtMostTwoUnits) {
  EXPECT_EQ(FormatDuration(45'000), "45s");
  EXPECT_EQ(FormatDuration(12'000'000), "3h20m");
  EXPECT_EQ(FormatDuration(86'400'000), "1d");
}

// The names of pods depend on it: it must never change.
TEST(Hash, IsTheSameForEver) {
  EXPECT_EQ(HashText("0b1c/1", 5), HashText("0b1c/1", 5));
  EXPECT_NE(HashText("0b1c/1", 5), HashText("0b1c/2", 5));
  EXPECT_EQ(HashText("muster", 5).size(), 5u);
}

}  // namespace
}  // namespace muster::base
