// Several policies side by side.
#include "muster/sim/compare.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/sim_builder.h"

namespace muster::sim {
namespace {

Side MakeSide(const std::string& name, double mean_s, std::int64_t evictions) {
  Side side;
  side.name = name;
  side.report.all.mean_s = mean_s;
  side.report.evictions = evictions;
  return side;
}

TEST(Compare, RatiosAreToTheFirst) {
  const std::vector<Side> sides = {MakeSide("one", 200, 0), MakeSide("two", 50, 3)};
  const std::string text = CompareText(sides);
  EXPECT_NE(text.find("mean wait                      3.3 min        50 s    0.250\n"),
            std::string::npos)
      << text;
  const auto json = nlohmann::json::parse(CompareJson(sides));
  EXPECT_EQ(json["policies"][1]["name"], "two");
  EXPECT_DOUBLE_EQ(json["policies"][1]["ratios"]["meanWaitSeconds"], 0.25);
  EXPECT_DOUBLE_EQ(json["policies"][0]["ratios"]["meanWaitSeconds"], 1);
}

TEST(Compare, ThereIsNoRatioToNothing) {
  const std::vector<Side> sides = {MakeSide("one", 200, 0), MakeSide("two", 50, 3)};
  const auto json = nlohmann::json::parse(CompareJson(sides));
  EXPECT_FALSE(json["policies"][1]["ratios"].contains("evictions"));
  EXPECT_NE(CompareText(sides).find("evictions                            0           3        -"),
            std::string::npos)
      << CompareText(sides);
}

}  // namespace
}  // namespace muster::sim
