#include "muster/kube/client.h"

#include <gtest/gtest.h>

#include <vector>

#include "testing/fake_api_server.h"
#include "testing/manual_clock.h"

namespace muster::kube {
namespace {

using base::Code;
using testing::Fault;
using testing::FaultKind;

constexpr char kPods[] = "/api/v1/namespaces/a/pods";

class ClientTest : public ::testing::Test {
 protected:
  // Collects what calls come back with, and lets the test wait for them.
  CallDone Collect(const std::string& name) {
    return [this, name](base::Result<std::string> body) {
      base::Lock lock(mutex_);
      done_.push_back(name + (body.ok() ? "" : ":" + std::string(ToString(body.error().code))));
      changed_.notify_all();
    };
  }
  std::vector<std::string> Await(std::size_t count) {
    base::Lock lock(mutex_);
    while (done_.size() < count) changed_.wait(mutex_);
    return done_;
  }
  static Call Create(const std::string& name, Lane lane = Lane::kPods) {
    return {.verb = Verb::kCreate,
            .path = kPods,
            .query = "",
            .body = R"({"metadata":{"name":")" + name + "\"}}",
            .lane = lane};
  }

  testing::ManualClock clock_;
  testing::FakeApiServer api_{clock_};
  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<std::string> done_ GUARDED_BY(mutex_);
};

TEST_F(ClientTest, CreatesReadsAndDeletes) {
  Client client(api_.transport(), clock_, {});
  ASSERT_TRUE(client.Do(Create("p")).ok());
  EXPECT_TRUE(client.Do({.path = std::string(kPods) + "/p"}).ok());
  EXPECT_TRUE(client.Do({.verb = Verb::kDelete, .path = std::string(kPods) + "/p"}).ok());
  EXPECT_EQ(client.Do({.path = std::string(kPods) + "/p"}).error().code, Code::kNotFound);
}

TEST_F(ClientTest, StatusesBecomeCodes) {
  Client client(api_.transport(), clock_, {});
  const std::vector<std::pair<int, Code>> table = {
      {400, Code::kInvalid},     {401, Code::kUnavailable}, {403, Code::kForbidden},
      {404, Code::kNotFound},    {409, Code::kConflict},    {410, Code::kGone},
      {422, Code::kInvalid},     {408, Code::kUnavailable}, {500, Code::kUnavailable},
      {503, Code::kUnavailable}, {504, Code::kUnavailable}};
  for (const auto& [status, code] : table) {
    api_.Inject({.status = status, .reason = "Some", .message = "a sentence"});
    const auto result = client.Do({.path = kPods});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, code) << status;
    EXPECT_EQ(result.error().message, "a sentence");
  }
}

TEST_F(ClientTest, ATakenNameIsNotAConflict) {
  Client client(api_.transport(), clock_, {});
  ASSERT_TRUE(client.Do(Create("p")).ok());
  const auto again = client.Do(Create("p"));
  EXPECT_EQ(again.error().code, Code::kExists);
  EXPECT_EQ(again.error().message, "pods \"p\" already exists");
}

TEST_F(ClientTest, AStaleWriteIsAConflict) {
  api_.Put(std::string(kPods) + "/p", "{}");
  Client client(api_.transport(), clock_, {});
  const auto result = client.Do({.verb = Verb::kMergePatch,
                                 .path = std::string(kPods) + "/p/status",
                                 .body = R"({"metadata":{"resourceVersion":"1"},"status":{}})"});
  EXPECT_EQ(result.error().code, Code::kConflict);
}

TEST_F(ClientTest, ALostResponseIsUnavailableAlthoughItWasCarriedOut) {
  api_.Inject({.method = "POST", .kind = FaultKind::kLostResponse});
  Client client(api_.transport(), clock_, {});
  EXPECT_EQ(client.Do(Create("p")).error().code, Code::kUnavailable);
  EXPECT_TRUE(api_.Get(std::string(kPods) + "/p").has_value());
  EXPECT_EQ(api_.Seen("POST").size(), 1u);  // never sent again
}

TEST_F(ClientTest, AThrottledCallIsSentAgainAfterItsRetryAfter) {
  api_.Inject({.status = 429, .reason = "TooManyRequests", .retry_after_ms = 7'000});
  Client client(api_.transport(), clock_, {});
  client.Submit(Create("p"), Collect("p"));
  EXPECT_EQ(clock_.AdvanceToNext(), 7'000);
  EXPECT_EQ(Await(1), std::vector<std::string>{"p"});
  EXPECT_EQ(client.stats().throttled, 1);
}

TEST_F(ClientTest, ALongRetryAfterIsWaitedOut) {
  api_.Inject({.status = 429, .retry_after_ms = 600'000});
  Client client(api_.transport(), clock_, {});
  client.Submit(Create("p"), Collect("p"));
  EXPECT_EQ(clock_.AdvanceToNext(), 600'000);
  EXPECT_EQ(Await(1), std::vector<std::string>{"p"});
}

TEST_F(ClientTest, TheLeaseIsTriedAgainWithinHalfAMinute) {
  api_.Inject({.status = 429, .retry_after_ms = 600'000});
  Client client(api_.transport(), clock_, {});
  client.Submit(Create("lease", Lane::kLease), Collect("lease"));
  EXPECT_EQ(clock_.AdvanceToNext(), 30'000);
  EXPECT_EQ(Await(1), std::vector<std::string>{"lease"});
}

TEST_F(ClientTest, ThrottlingHoldsBackAllButTheLease) {
  api_.Inject({.method = "POST", .status = 429, .retry_after_ms = 5'000});
  Client client(api_.transport(), clock_, {});
  client.Submit(Create("p"), Collect("p"));
  while (client.stats().throttled == 0) api_.Drain();
  client.Submit({.path = kPods, .lane = Lane::kPods}, Collect("read"));
  client.Submit(Create("lease", Lane::kLease), Collect("lease"));
  EXPECT_EQ(Await(1), std::vector<std::string>{"lease"});
  clock_.AdvanceToNext();
  EXPECT_EQ(Await(3), (std::vector<std::string>{"lease", "p", "read"}));
}

TEST_F(ClientTest, ThrottlingEndsAfterFiveRetries) {
  api_.Inject({.status = 429, .times = 100});
  Client client(api_.transport(), clock_, {});
  client.Submit(Create("p"), Collect("p"));
  for (int i = 0; i < 5; ++i) clock_.AdvanceToNext();
  EXPECT_EQ(Await(1), std::vector<std::string>{"p:Throttled"});
  EXPECT_EQ(api_.Seen("POST").size(), 6u);
}

TEST_F(ClientTest, ThrottlingIsToldOnceForAsLongAsItLasts) {
  api_.Inject({.status = 429, .times = 3});
  Client client(api_.transport(), clock_, {});
  ::testing::internal::CaptureStderr();
  client.Submit(Create("p"), Collect("p"));
  for (int i = 0; i < 3; ++i) clock_.AdvanceToNext();
  Await(1);
  const std::string log = ::testing::internal::GetCapturedStderr();
  const std::string words = "the API server has too much to do: writes wait";
  EXPECT_NE(log.find(words), std::string::npos);
  EXPECT_EQ(log.find(words), log.rfind(words)) << log;
}

TEST_F(ClientTest, ABudgetThatRefusesAnEvictionIsNoThrottling) {
  api_.Inject({.status = 429, .cause = "DisruptionBudget"});
  Client client(api_.transport(), clock_, {});
  const auto result =
      client.Do({.verb = Verb::kCreate, .path = std::string(kPods) + "/p/eviction", .body = "{}"});
  EXPECT_EQ(result.error().code, Code::kThrottled);
  EXPECT_EQ(client.stats().throttled, 0);
  EXPECT_TRUE(client.Do(Create("p")).ok());
}

TEST_F(ClientTest, TheGateIsAskedBeforeEachWriteAndNeverForReads) {
  Client client(api_.transport(), clock_, {});
  bool may_write = true;
  client.SetWriteGate([&may_write] { return may_write; });
  EXPECT_TRUE(client.Do(Create("p")).ok());
  may_write = false;
  EXPECT_EQ(client.Do(Create("q")).error().code, Code::kThrottled);
  EXPECT_TRUE(client.Do({.path = kPods}).ok());
  EXPECT_EQ(api_.Seen("POST").size(), 1u);
  EXPECT_EQ(client.stats().refused_by_gate, 1);
}

TEST_F(ClientTest, ARetryAsksTheGateAgain) {
  api_.Inject({.status = 429, .retry_after_ms = 1'000});
  Client client(api_.transport(), clock_, {});
  int asked = 0;
  client.SetWriteGate([&asked] { return ++asked == 1; });
  client.Submit(Create("p"), Collect("p"));
  clock_.AdvanceToNext();
  EXPECT_EQ(Await(1), std::vector<std::string>{"p:Throttled"});
  EXPECT_EQ(api_.Seen("POST").size(), 1u);
}

TEST_F(ClientTest, TheBucketLetsLanesGoInOrder) {
  Client client(api_.transport(), clock_, {.requests_per_second = 1, .burst = 1});
  client.Submit(Create("first"), Collect("first"));
  Await(1);
  client.Submit(Create("rest", Lane::kRest), Collect("rest"));
  client.Submit(Create("commit", Lane::kCommit), Collect("commit"));
  client.Submit(Create("pods", Lane::kPods), Collect("pods"));
  client.Submit(Create("lease", Lane::kLease), Collect("lease"));
  Await(2);
  for (std::size_t count = 3; count <= 5; ++count) {
    clock_.AdvanceToNext();
    Await(count);
  }
  EXPECT_EQ(Await(5), (std::vector<std::string>{"first", "lease", "pods", "commit", "rest"}));
}

TEST_F(ClientTest, NoMoreThanTheLimitIsInFlight) {
  api_.Inject({.method = "POST", .kind = FaultKind::kSilence, .times = 2});
  Client client(api_.transport(), clock_, {.max_in_flight = 2});
  for (const char* name : {"a", "b", "c"}) client.Submit(Create(name), Collect(name));
  while (api_.Seen("POST").size() < 2) api_.Drain();
  EXPECT_EQ(client.stats().in_flight, 2);
  EXPECT_EQ(client.outstanding(), 3);
  api_.ExpireSilent();
  EXPECT_EQ(Await(3).back(), "c");
}

TEST_F(ClientTest, ItsEndAnswersWhatIsStillQueued) {
  {
    Client client(api_.transport(), clock_, {.requests_per_second = 1, .burst = 1});
    client.Submit(Create("a"), Collect("a"));
    Await(1);
    client.Submit(Create("b"), Collect("b"));
  }
  EXPECT_EQ(Await(2), (std::vector<std::string>{"a", "b:Unavailable"}));
}

TEST_F(ClientTest, CountsRequestsByVerbAndStatus) {
  Client client(api_.transport(), clock_, {});
  ASSERT_TRUE(client.Do(Create("p")).ok());
  ASSERT_FALSE(client.Do(Create("p")).ok());
  const ClientStats stats = client.stats();
  EXPECT_EQ(stats.verbs.at(Verb::kCreate).by_status,
            (std::map<int, std::int64_t>{{201, 1}, {409, 1}}));
  EXPECT_EQ(stats.verbs.at(Verb::kCreate).latency[0], 2);
}

TEST_F(ClientTest, PatchesSayWhatKindTheyAre) {
  api_.Put(std::string(kPods) + "/p", "{}");
  Client client(api_.transport(), clock_, {});
  const std::string path = std::string(kPods) + "/p";
  ASSERT_TRUE(client.Do({.verb = Verb::kMergePatch, .path = path, .body = "{}"}).ok());
  ASSERT_TRUE(client.Do({.verb = Verb::kApply, .path = path, .body = "{}"}).ok());
  std::vector<std::string> types;
  for (const auto& request : api_.Seen("PATCH")) types.push_back(request.content_type);
  EXPECT_EQ(types, (std::vector<std::string>{"application/merge-patch+json",
                                             "application/apply-patch+yaml"}));
}

}  // namespace
}  // namespace muster::kube
