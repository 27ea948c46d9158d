#include "muster/api/leader_mark.h"

#include <gtest/gtest.h>

#include "muster/api/codec.h"

namespace muster::api {
namespace {

LeaderMark MarkOf(const std::string& annotations) {
  return ReadLeaderMark(Decode<Namespace>(R"({"metadata":{"name":"muster-system","annotations":)" +
                                          annotations + "}}"));
}

TEST(LeaderMark, WhatIsWrittenIsRead) {
  const LeaderMark mark{"muster-operator-7d4f-abcde", 42};
  Namespace ns = Decode<Namespace>(R"({"metadata":{"name":"muster-system"}})");
  EXPECT_EQ(ReadLeaderMark(ns), LeaderMark{});
  EXPECT_EQ(RenderLeaderMark(mark), R"({"metadata":{"annotations":{"scheduler.io/epoch":"42",)"
                                    R"("scheduler.io/leader":"muster-operator-7d4f-abcde"}}})");
  EXPECT_EQ(
      MarkOf(R"({"scheduler.io/epoch":"42","scheduler.io/leader":"muster-operator-7d4f-abcde"})"),
      mark);
}

TEST(LeaderMark, WhatIsNoEpochIsNoMark) {
  for (const char* epoch : {"", "x", "-1", "0", "1e3", "99999999999999999999"}) {
    EXPECT_EQ(MarkOf(R"({"scheduler.io/leader":"a","scheduler.io/epoch":")" + std::string(epoch) +
                     R"("})"),
              LeaderMark{})
        << epoch;
  }
}

}  // namespace
}  // namespace muster::api
