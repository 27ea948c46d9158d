#include "muster/kube/reflector.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "testing/fake_api_server.h"
#include "testing/manual_clock.h"

namespace muster::kube {
namespace {

using testing::FaultKind;
using Names = std::map<std::string, std::string>;  // name -> label v

constexpr char kNodes[] = "/api/v1/nodes";
constexpr std::int64_t kSoon = 60'000;  // shorter than the idle cut

// A level-based sink: what there is, and what was called.
class Mirror {
 public:
  RawReflector::Handler handler() {
    return {[this] { read_.clear(); }, [this](std::string_view page) { read_.emplace_back(page); },
            [this](const std::string&) { List(read_); },
            [this](std::string_view line) { Event(line); }};
  }
  void AwaitEqual(const Names& want) {
    Await([&] { return names_ == want; });
  }
  void AwaitLists(int count) {
    Await([&] { return lists_ >= count; });
  }
  int lists() {
    base::Lock lock(mutex_);
    return lists_;
  }
  int events() {
    base::Lock lock(mutex_);
    return events_;
  }
  std::size_t pages() {
    base::Lock lock(mutex_);
    return pages_;
  }

 private:
  template <class Condition>
  void Await(Condition condition) {
    base::Lock lock(mutex_);
    while (!condition()) changed_.wait(mutex_);
  }
  static std::string Label(const nlohmann::json& object) {
    return object["metadata"].value("labels", nlohmann::json::object()).value("v", "");
  }
  void List(const std::vector<std::string>& pages) {
    base::Lock lock(mutex_);
    names_.clear();
    for (const std::string& page : pages) {
      const auto list = nlohmann::json::parse(page);
      for (const auto& item : list["items"]) {
        names_[item["metadata"]["name"]] = Label(item);
      }
    }
    pages_ = pages.size();
    ++lists_;
    changed_.notify_all();
  }
  void Event(std::string_view line) {
    const auto event = nlohmann::json::parse(line);
    const std::string name = event["object"]["metadata"]["name"];
    base::Lock lock(mutex_);
    if (event["type"] == "DELETED") {
      names_.erase(name);
    } else {
      names_[name] = Label(event["object"]);
    }
    ++events_;
    changed_.notify_all();
  }

  base::Mutex mutex_;
  base::CondVar changed_;
  Names names_;
  int lists_ = 0;
  int events_ = 0;
  std::size_t pages_ = 0;
  std::vector<std::string> read_;  // of the LIST that goes on; the reflector's thread
};

class ReflectorTest : public ::testing::Test {
 protected:
  void Put(const std::string& name, const std::string& value) {
    api_.Put(kNodes + ("/" + name), R"({"metadata":{"labels":{"v":")" + value + "\"}}}");
  }
  RawReflector& Start(ReflectorOptions options = {.path = kNodes, .seed = 1}) {
    reflector_ =
        std::make_unique<RawReflector>(*transport_, clock_, std::move(options), mirror_.handler());
    reflector_->Start();
    return *reflector_;
  }
  static int Times(const std::string& text, const std::string& part) {
    int count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
  }
  static std::string VersionOf(const testing::SeenRequest& watch) {
    const std::string key = "&resourceVersion=";
    return watch.target.substr(watch.target.find(key) + key.size());
  }
  void AwaitWatches(std::size_t count) {
    while (api_.Seen("WATCH").size() < count || api_.OpenWatches() == 0) api_.Drain();
  }

  testing::ManualClock clock_;
  testing::FakeApiServer api_{clock_};
  std::shared_ptr<Transport> transport_ = api_.transport();
  Mirror mirror_;
  std::unique_ptr<RawReflector> reflector_;
};

TEST_F(ReflectorTest, ListsThenFollowsTheWatch) {
  Put("a", "1");
  Start();
  mirror_.AwaitEqual({{"a", "1"}});
  Put("b", "1");
  Put("a", "2");
  mirror_.AwaitEqual({{"a", "2"}, {"b", "1"}});
  api_.Remove(std::string(kNodes) + "/a");
  mirror_.AwaitEqual({{"b", "1"}});
  EXPECT_EQ(mirror_.lists(), 1);
  EXPECT_TRUE(reflector_->stats().synced);
}

TEST_F(ReflectorTest, ListsInPages) {
  for (int i = 0; i < 7; ++i) Put("n" + std::to_string(i), "1");
  Start({.path = kNodes, .page_size = 3, .seed = 1});
  mirror_.AwaitLists(1);
  EXPECT_EQ(mirror_.pages(), 3u);
}

TEST_F(ReflectorTest, LosingTheHistoryBetweenPagesListsAllAtOnce) {
  for (int i = 0; i < 7; ++i) Put("n" + std::to_string(i), "1");
  api_.Inject({.method = "GET", .status = 410, .reason = "Expired", .skip = 1});
  Start({.path = kNodes, .page_size = 3, .seed = 1});
  mirror_.AwaitLists(1);
  EXPECT_EQ(mirror_.pages(), 1u);
  EXPECT_EQ(api_.Seen("GET").back().target, "/api/v1/nodes?limit=0");
}

TEST_F(ReflectorTest, PagesOfAListThatFailedAreVoid) {
  for (int i = 0; i < 7; ++i) Put("n" + std::to_string(i), "1");
  api_.Inject({.method = "GET", .status = 500, .skip = 2});
  Start({.path = kNodes, .page_size = 3, .seed = 1});
  clock_.AdvanceToNext(kSoon);
  mirror_.AwaitLists(1);
  EXPECT_EQ(mirror_.pages(), 3u);
  EXPECT_EQ(mirror_.lists(), 1);
}

TEST_F(ReflectorTest, AFailedListIsTriedAgainAfterABackoff) {
  Put("a", "1");
  api_.Inject({.method = "GET", .status = 500, .times = 3});
  Start();
  for (int i = 0; i < 3; ++i) clock_.AdvanceToNext(kSoon);
  mirror_.AwaitEqual({{"a", "1"}});
  EXPECT_EQ(api_.Seen("GET").size(), 4u);
}

TEST_F(ReflectorTest, ATornListIsNoList) {
  for (const char* name : {"a", "b", "c"}) Put(name, "1");
  api_.Inject({.method = "GET", .kind = testing::FaultKind::kTorn});
  Start();
  clock_.AdvanceToNext(kSoon);
  mirror_.AwaitEqual({{"a", "1"}, {"b", "1"}, {"c", "1"}});
  EXPECT_EQ(mirror_.lists(), 1);
}

TEST_F(ReflectorTest, AThrottledListWaitsAsLongAsItIsTold) {
  api_.Inject({.method = "GET", .status = 429, .retry_after_ms = 9'000});
  Start();
  EXPECT_EQ(clock_.AdvanceToNext(kSoon), 9'000);
  mirror_.AwaitLists(1);
}

TEST_F(ReflectorTest, ACutWatchResumesWithoutAList) {
  Put("a", "1");
  Start();
  AwaitWatches(1);
  Put("a", "2");
  mirror_.AwaitEqual({{"a", "2"}});
  EXPECT_EQ(api_.CutWatches(), 1);
  Put("b", "1");
  mirror_.AwaitEqual({{"a", "2"}, {"b", "1"}});
  EXPECT_EQ(mirror_.lists(), 1);
  EXPECT_EQ(api_.Seen("WATCH").size(), 2u);
}

TEST_F(ReflectorTest, ABookmarkMovesTheResumePoint) {
  Start();
  AwaitWatches(1);
  api_.Put("/api/v1/namespaces/a/pods/p", "{}");  // another kind: the version grows
  api_.SendBookmark();
  api_.CutWatches();
  Put("a", "1");
  mirror_.AwaitEqual({{"a", "1"}});
  const std::vector<testing::SeenRequest> watches = api_.Seen("WATCH");
  ASSERT_EQ(watches.size(), 2u);
  EXPECT_NE(VersionOf(watches[1]), VersionOf(watches[0]));
  EXPECT_EQ(mirror_.events(), 1) << "a bookmark is no event";
}

TEST_F(ReflectorTest, GoneAsAStatusListsAgain) {
  Put("a", "1");
  Start();
  AwaitWatches(1);
  api_.HoldEvents();
  api_.Remove(std::string(kNodes) + "/a");
  Put("b", "1");
  api_.Compact();
  api_.CutWatches();
  clock_.AdvanceToNext(kSoon);
  mirror_.AwaitEqual({{"b", "1"}});
  EXPECT_EQ(mirror_.lists(), 2);
}

TEST_F(ReflectorTest, GoneInsideTheStreamListsAgain) {
  ::testing::internal::CaptureStderr();
  Put("a", "1");
  Start();
  AwaitWatches(1);
  api_.HoldEvents();
  api_.Remove(std::string(kNodes) + "/a");
  api_.Compact(/*gone_in_stream=*/true);
  api_.CutWatches();
  clock_.AdvanceToNext(kSoon);
  mirror_.AwaitEqual({});
  EXPECT_EQ(mirror_.lists(), 2);
  reflector_->Stop();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(Times(log, "the history of a watch is lost, listing again"), 1) << log;
}

TEST_F(ReflectorTest, AnotherErrorInTheStreamResumes) {
  Start();
  AwaitWatches(1);
  api_.SendError(500, "InternalError");
  clock_.AdvanceToNext(kSoon);
  AwaitWatches(2);
  Put("a", "1");
  mirror_.AwaitEqual({{"a", "1"}});
  EXPECT_EQ(mirror_.lists(), 1);
}

TEST_F(ReflectorTest, ThreeErrorsInARowListAgain) {
  Start();
  for (std::size_t i = 1; i <= 3; ++i) {
    AwaitWatches(i);
    api_.SendError(504, "Timeout");
    clock_.AdvanceToNext(kSoon);
  }
  mirror_.AwaitLists(2);
}

TEST_F(ReflectorTest, ASilentWatchIsCutAndResumed) {
  api_.Inject({.method = "WATCH", .kind = FaultKind::kSilence});
  Start();
  AwaitWatches(1);
  Put("a", "1");
  EXPECT_EQ(clock_.AdvanceToNext(), 120'000);
  mirror_.AwaitEqual({{"a", "1"}});
  EXPECT_EQ(mirror_.lists(), 1);
}

TEST_F(ReflectorTest, ASilentListDoesNotBlockStop) {
  api_.Inject({.method = "GET", .kind = FaultKind::kSilence});
  Start();
  while (api_.Seen("GET").empty()) api_.Drain();
  reflector_->Stop();
  EXPECT_EQ(mirror_.lists(), 0);
}

TEST_F(ReflectorTest, DuplicatesAreHarmless) {
  Start();
  AwaitWatches(1);
  api_.DuplicateEvents(true);
  Put("a", "1");
  api_.Remove(std::string(kNodes) + "/a");
  Put("b", "1");
  mirror_.AwaitEqual({{"b", "1"}});
}

TEST_F(ReflectorTest, ReorderingAcrossObjectsIsHarmless) {
  Start();
  AwaitWatches(1);
  api_.HoldEvents();
  Put("a", "1");
  Put("b", "1");
  Put("a", "2");
  Put("c", "1");
  api_.ReleaseEvents(/*reorder_objects=*/true);
  mirror_.AwaitEqual({{"a", "2"}, {"b", "1"}, {"c", "1"}});
}

TEST_F(ReflectorTest, ALineThatIsNoEventResumes) {
  Start();
  AwaitWatches(1);
  api_.SendLine("{\"type\":\"ADDED\",\"object\":{\"metadata\":");
  clock_.AdvanceToNext(kSoon);
  AwaitWatches(2);
  EXPECT_NE(reflector_->stats().last_error.find("no event"), std::string::npos);
  EXPECT_EQ(mirror_.events(), 0);
}

TEST_F(ReflectorTest, TroubleIsToldWhenItBeginsAndWhenItIsOver) {
  Put("a", "1");
  api_.Inject({.method = "GET", .status = 429, .times = 3});
  ::testing::internal::CaptureStderr();
  Start();
  for (int i = 0; i < 3; ++i) clock_.AdvanceToNext(kSoon);
  mirror_.AwaitLists(1);
  reflector_->Stop();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(Times(log, "cannot list or watch path=\"/api/v1/nodes\" error="), 1) << log;
  EXPECT_EQ(Times(log, "lists and watches again path=\"/api/v1/nodes\""), 1) << log;
}

TEST_F(ReflectorTest, AWatchThatEndsWellAndANewListAreNoTrouble) {
  ::testing::internal::CaptureStderr();
  Start();
  AwaitWatches(1);
  Put("a", "1");
  mirror_.AwaitEqual({{"a", "1"}});
  api_.EndWatches();
  AwaitWatches(2);
  reflector_->Relist();
  mirror_.AwaitLists(2);
  reflector_->Stop();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(ReflectorTest, RelistAsksForAConsistentListAtOnce) {
  Put("a", "1");
  Start();
  AwaitWatches(1);
  reflector_->Relist();
  mirror_.AwaitLists(2);
  for (const auto& request : api_.Seen("GET")) {
    EXPECT_EQ(request.target.find("resourceVersion"), std::string::npos);
  }
  AwaitWatches(2);
  EXPECT_TRUE(reflector_->stats().synced);
}

TEST_F(ReflectorTest, RelistDoesNotWaitForABackoff) {
  api_.Inject({.method = "GET", .status = 429, .retry_after_ms = 30'000});
  Start();
  while (reflector_->stats().last_error.empty()) api_.Drain();
  EXPECT_FALSE(reflector_->stats().synced);
  reflector_->Relist();
  mirror_.AwaitLists(1);
}

TEST_F(ReflectorTest, AnUnknownKindIsAskedForAgain) {
  api_.Inject({.method = "WATCH", .status = 404, .reason = "NotFound"});
  Start();
  clock_.AdvanceToNext(kSoon);
  mirror_.AwaitLists(2);
}

}  // namespace
}  // namespace muster::kube
