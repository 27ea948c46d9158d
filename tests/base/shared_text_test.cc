#include "muster/base/shared_text.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <vector>

namespace muster::base {
namespace {

TEST(SharedText, EqualTextsAreKeptOnce) {
  const SharedText a = std::string(100, 'x');
  const SharedText b = std::string_view(a.str());
  EXPECT_EQ(&a.str(), &b.str());
  EXPECT_EQ(sizeof(a), sizeof(void*));
}

TEST(SharedText, IsAStringWhereOneIsMeant) {
  const SharedText text = "rack";
  const std::string copy = text;
  EXPECT_EQ(copy, "rack");
  EXPECT_EQ(text + "-1", "rack-1");
  EXPECT_EQ(std::string("a ") + text, "a rack");
  EXPECT_TRUE(text == "rack" && "rack" == text && text != std::string("zone"));
  EXPECT_LT(SharedText("a"), SharedText("b"));
}

TEST(SharedText, IsEmptyUnlessTold) {
  SharedText text;
  EXPECT_TRUE(text.empty());
  text = "x";
  EXPECT_FALSE(text.empty());
  text.clear();
  EXPECT_TRUE(text.empty());
}

TEST(SharedText, IsFoundByAnyKindOfText) {
  const std::map<SharedText, int, TextLess> map = {{"b", 2}, {"a", 1}, {"c", 3}};
  EXPECT_EQ(map.find("b")->second, 2);
  EXPECT_EQ(map.find(std::string("c"))->second, 3);
  EXPECT_EQ(map.find(SharedText("a"))->second, 1);
  EXPECT_EQ(map.find(std::string_view("d")), map.end());
}

TEST(SharedText, IsMadeAndDroppedByManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<std::vector<SharedText>> kept(4);
  for (std::vector<SharedText>& mine : kept) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 2'000; ++i) {
        mine.emplace_back(std::to_string(i % 50));
        if (i % 3 == 0) mine.pop_back();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<SharedText>& mine : kept) {
    ASSERT_EQ(mine.size(), 1'333U);
    EXPECT_EQ(mine[0].str(), "1");
  }
}

}  // namespace
}  // namespace muster::base
