// Against a real API server: what the fake one only claims.  The kubeconfig of an administrator is
// named by MUSTER_TEST_KUBECONFIG; everything happens in one namespace that is deleted at the end.
// The server must have lost the history of its first versions; tests/e2e/kube_test.py sees to all.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "muster/kube/client.h"
#include "muster/kube/cpprest_transport.h"
#include "muster/kube/leader_election.h"
#include "muster/kube/paths.h"
#include "muster/kube/reflector.h"

namespace muster::kube {
namespace {

using base::Code;
using Json = nlohmann::json;

constexpr char kNs[] = "muster-kube-test";

Json Object(const std::string& kind, const std::string& name) {
  return {{"apiVersion", "v1"}, {"kind", kind}, {"metadata", {{"name", name}}}};
}

Json Pod(const std::string& name) {
  Json pod = Object("Pod", name);
  pod["spec"] = {{"schedulerName", "muster"},
                 {"automountServiceAccountToken", false},
                 {"terminationGracePeriodSeconds", 0},
                 {"containers", {{{"name", "main"}, {"image", "none.invalid/none"}}}}};
  return pod;
}

class RealApiTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const char* path = std::getenv("MUSTER_TEST_KUBECONFIG");
    ASSERT_NE(path, nullptr) << "MUSTER_TEST_KUBECONFIG must name a kubeconfig";
    const auto connection = LoadConnection({.path = path});
    ASSERT_TRUE(connection.ok()) << connection.error().message;
    auto made = MakeCpprestTransport(*connection);
    ASSERT_TRUE(made.ok()) << made.error().message;
    transport_ = *made;
    client_ = std::make_unique<Client>(transport_, base::SystemClock(), ClientLimits{});
    MakeNamespace();
  }
  static void TearDownTestSuite() {
    if (!client_) return;
    static_cast<void>(
        client_->Do({.verb = Verb::kDelete, .path = ObjectPath(kNamespaces, "", kNs)}));
    client_.reset();
    transport_.reset();
  }

  // The namespace and its service account, without which no pod is admitted.
  static void MakeNamespace() {
    const auto made = client_->Do({.verb = Verb::kCreate,
                                   .path = CollectionPath(kNamespaces),
                                   .body = Object("Namespace", kNs).dump()});
    ASSERT_TRUE(made.ok() || made.error().code == Code::kExists) << made.error().message;
    const auto account =
        client_->Do({.verb = Verb::kCreate,
                     .path = std::string("/api/v1/namespaces/") + kNs + "/serviceaccounts",
                     .body = Object("ServiceAccount", "default").dump()});
    ASSERT_TRUE(account.ok() || account.error().code == Code::kExists) << account.error().message;
  }

  static base::Result<std::string> Create(const Resource& resource, const Json& object,
                                          const std::string& query = "") {
    return client_->Do({.verb = Verb::kCreate,
                        .path = CollectionPath(resource, kNs),
                        .query = query,
                        .body = object.dump()});
  }
  static base::Result<std::string> Get(const Resource& resource, const std::string& name) {
    return client_->Do({.path = ObjectPath(resource, kNs, name)});
  }
  static base::Result<std::string> Delete(const Resource& resource, const std::string& name,
                                          const Json& options = Json::object()) {
    return client_->Do(
        {.verb = Verb::kDelete, .path = ObjectPath(resource, kNs, name), .body = options.dump()});
  }

  static std::shared_ptr<Transport> transport_;
  static std::unique_ptr<Client> client_;
};

std::shared_ptr<Transport> RealApiTest::transport_;
std::unique_ptr<Client> RealApiTest::client_;

TEST_F(RealApiTest, CreatesReadsAndDeletes) {
  ASSERT_TRUE(Create(kConfigMaps, Object("ConfigMap", "crud")).ok());
  EXPECT_EQ(Create(kConfigMaps, Object("ConfigMap", "crud")).error().code, Code::kExists);
  const auto read = Get(kConfigMaps, "crud");
  ASSERT_TRUE(read.ok());
  const Json wrong = {{"preconditions", {{"uid", "another"}}}};
  EXPECT_EQ(Delete(kConfigMaps, "crud", wrong).error().code, Code::kConflict);
  const Json right = {{"preconditions", {{"uid", Json::parse(*read)["metadata"]["uid"]}}}};
  EXPECT_TRUE(Delete(kConfigMaps, "crud", right).ok());
  EXPECT_EQ(Get(kConfigMaps, "crud").error().code, Code::kNotFound);
}

TEST_F(RealApiTest, ADryRunAnswersAndKeepsNothing) {
  const auto made = Create(kPods, Pod("dry"), "dryRun=All&fieldValidation=Strict");
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(Json::parse(*made)["spec"]["dnsPolicy"], "ClusterFirst");  // defaulted
  EXPECT_EQ(Get(kPods, "dry").error().code, Code::kNotFound);
  Json wrong = Pod("dry");
  wrong["spec"]["nodeNaem"] = "x";
  const auto refused = Create(kPods, wrong, "dryRun=All&fieldValidation=Strict");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_NE(refused.error().message.find("nodeNaem"), std::string::npos);
}

TEST_F(RealApiTest, PatchesMergeAndHonourTheResourceVersion) {
  ASSERT_TRUE(Create(kConfigMaps, Object("ConfigMap", "patched")).ok());
  const std::string path = ObjectPath(kConfigMaps, kNs, "patched");
  ASSERT_TRUE(
      client_->Do({.verb = Verb::kMergePatch, .path = path, .body = R"({"data":{"a":"1"}})"}).ok());
  const std::string stale = R"({"metadata":{"resourceVersion":"1"},"data":{"a":"2"}})";
  EXPECT_EQ(client_->Do({.verb = Verb::kMergePatch, .path = path, .body = stale}).error().code,
            Code::kConflict);
  EXPECT_EQ(Json::parse(*Get(kConfigMaps, "patched"))["data"]["a"], "1");
}

TEST_F(RealApiTest, AppliesOnTheServersSide) {
  Json object = Object("ConfigMap", "applied");
  object["data"]["a"] = "1";
  const Call call{.verb = Verb::kApply,
                  .path = ObjectPath(kConfigMaps, kNs, "applied"),
                  .query = "fieldManager=muster-test&force=true",
                  .body = object.dump()};
  ASSERT_TRUE(client_->Do(call).ok());
  const auto again = client_->Do(call);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(Json::parse(*again)["metadata"]["managedFields"][0]["manager"], "muster-test");
}

TEST_F(RealApiTest, BindsWithPreconditionsAndEvicts) {
  const auto made = Create(kPods, Pod("bound"));
  ASSERT_TRUE(made.ok()) << made.error().message;
  Json binding = Object("Binding", "bound");
  binding["target"] = {{"kind", "Node"}, {"name", "no-such-node"}};
  binding["metadata"]["uid"] = "00000000-0000-0000-0000-000000000000";
  const std::string path = ObjectPath(kPods, kNs, "bound", "binding");
  EXPECT_EQ(client_->Do({.verb = Verb::kCreate, .path = path, .body = binding.dump()}).error().code,
            Code::kConflict);
  binding["metadata"]["uid"] = Json::parse(*made)["metadata"]["uid"];
  EXPECT_TRUE(client_->Do({.verb = Verb::kCreate, .path = path, .body = binding.dump()}).ok());
  EXPECT_EQ(Json::parse(*Get(kPods, "bound"))["spec"]["nodeName"], "no-such-node");
  Json eviction = Object("Eviction", "bound");
  eviction["apiVersion"] = "policy/v1";
  const auto evicted = client_->Do({.verb = Verb::kCreate,
                                    .path = ObjectPath(kPods, kNs, "bound", "eviction"),
                                    .body = eviction.dump()});
  EXPECT_TRUE(evicted.ok()) << evicted.error().message;
  static_cast<void>(Delete(kPods, "bound", {{"gracePeriodSeconds", 0}}));
}

// The names of a collection, as a reflector keeps them.
class Names {
 public:
  RawReflector::Handler handler() {
    return {[this] { pages_of_list_.clear(); },
            [this](std::string_view page) { pages_of_list_.emplace_back(page); },
            [this](const std::string&) {
              base::Lock lock(mutex_);
              names_.clear();
              pages_ = pages_of_list_.size();
              for (const std::string& page : pages_of_list_) {
                const Json list = Json::parse(page);
                for (const Json& item : list["items"]) {
                  names_.insert(item["metadata"]["name"].get<std::string>());
                }
              }
              changed_.notify_all();
            },
            [this](std::string_view line) {
              const Json event = Json::parse(line);
              const std::string name = event["object"]["metadata"]["name"];
              base::Lock lock(mutex_);
              if (event["type"] == "DELETED") names_.erase(name);
              if (event["type"] != "DELETED") names_.insert(name);
              changed_.notify_all();
            }};
  }
  bool Await(const std::string& name, bool there) {
    base::Lock lock(mutex_);
    const std::int64_t until = base::SystemClock().BootMs() + 20'000;
    while ((names_.count(name) != 0) != there) {
      if (base::SystemClock().BootMs() >= until) return false;
      base::SystemClock().Wait(changed_, mutex_, until);
    }
    return true;
  }
  std::size_t pages() {
    base::Lock lock(mutex_);
    return pages_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  std::set<std::string> names_;
  std::size_t pages_ = 0;
  std::vector<std::string> pages_of_list_;  // the reflector's thread
};

TEST_F(RealApiTest, AReflectorListsInPagesAndFollows) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Create(kConfigMaps, Object("ConfigMap", "page-" + std::to_string(i))).ok());
  }
  Names names;
  RawReflector reflector(*transport_, base::SystemClock(),
                         {.path = CollectionPath(kConfigMaps, kNs), .page_size = 2},
                         names.handler());
  reflector.Start();
  EXPECT_TRUE(names.Await("page-4", true));
  EXPECT_GE(names.pages(), 3u);
  ASSERT_TRUE(Create(kConfigMaps, Object("ConfigMap", "later")).ok());
  EXPECT_TRUE(names.Await("later", true));
  ASSERT_TRUE(Delete(kConfigMaps, "later").ok());
  EXPECT_TRUE(names.Await("later", false));
  EXPECT_EQ(reflector.stats().lists, 1);
  EXPECT_EQ(reflector.stats().watches, 1);
}

TEST_F(RealApiTest, StoppingAReflectorDoesNotWaitForTheServer) {
  Names names;
  RawReflector reflector(*transport_, base::SystemClock(),
                         {.path = CollectionPath(kConfigMaps, kNs)}, names.handler());
  reflector.Start();
  while (reflector.stats().watches == 0) {
    ASSERT_TRUE(Create(kConfigMaps, Object("ConfigMap", "x"), "dryRun=All").ok());
  }
  const std::int64_t before = base::SystemClock().BootMs();
  reflector.Stop();
  EXPECT_LT(base::SystemClock().BootMs() - before, 2'000);
}

// A version from before the server's memory: 410, as a status or as an event.
TEST_F(RealApiTest, AWatchFromLongAgoIsGone) {
  base::Mutex mutex;
  base::CondVar changed;
  std::string first;
  int status = 0;
  const auto stream = transport_->Open(
      {"GET", CollectionPath(kConfigMaps) + "?watch=true&resourceVersion=1", "", "", 10'000},
      {[&](std::string_view line) {
         base::Lock lock(mutex);
         if (first.empty()) first = line;
         changed.notify_all();
       },
       [&](const base::Result<Response>& end) {
         base::Lock lock(mutex);
         status = end.ok() ? end->status : -1;
         changed.notify_all();
       }});
  base::Lock lock(mutex);
  while (first.empty() && status == 0) changed.wait(mutex);
  const bool event = first.find("\"type\":\"ERROR\"") != std::string::npos &&
                     first.find("\"code\":410") != std::string::npos;
  EXPECT_TRUE(event || status == 410) << status << " " << first;
  std::printf("410 came as %s\n", event ? "an event in a 200 stream" : "an HTTP status");
}

TEST_F(RealApiTest, TheLeaseIsTakenRaisedAndGivenBack) {
  const LeaderElectionOptions options{.ns = kNs, .name = "test", .identity = "a"};
  std::int64_t raised = 0;
  {
    LeaderElector elector(transport_, base::SystemClock(), options);
    elector.Start({});
    const std::int64_t until = base::SystemClock().BootMs() + 20'000;
    while (elector.epoch() == 0 && base::SystemClock().BootMs() < until) {
      static_cast<void>(Get(kLeases, "test"));
    }
    const auto epoch = elector.RaiseEpoch(100);
    ASSERT_TRUE(epoch.ok()) << epoch.error().message;
    raised = *epoch;
    EXPECT_TRUE(elector.MayWrite());
  }
  EXPECT_EQ(raised, 101);
  const Json spec = Json::parse(*Get(kLeases, "test"))["spec"];
  EXPECT_EQ(spec["leaseTransitions"], 101);
  EXPECT_EQ(spec.value("holderIdentity", ""), "");
}

// Submits `count` creates at once and waits for all; requests a second.
double Throughput(Client& client, const std::string& path, const std::string& query, int count) {
  base::Mutex mutex;
  base::CondVar changed;
  int left = count;
  int failed = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    Json object = Object("ConfigMap", "load-" + std::to_string(i));
    client.Submit({.verb = Verb::kCreate, .path = path, .query = query, .body = object.dump()},
                  [&](const base::Result<std::string>& done) {
                    base::Lock lock(mutex);
                    failed += done.ok() ? 0 : 1;
                    if (--left == 0) changed.notify_all();
                  });
  }
  base::Lock lock(mutex);
  while (left > 0) changed.wait(mutex);
  EXPECT_EQ(failed, 0);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return count / took.count();
}

TEST_F(RealApiTest, CarriesManySmallWrites) {
  Client client(transport_, base::SystemClock(),
                {.requests_per_second = 1e6, .burst = 1'000'000, .max_in_flight = 64});
  const std::string path = CollectionPath(kConfigMaps, kNs);
  Throughput(client, path, "dryRun=All", 100);  // connections and caches warm
  const double dry = Throughput(client, path, "dryRun=All", 500);
  const double stored = Throughput(client, path, "", 500);
  std::printf("creates a second: dry run %.0f, stored %.0f\n", dry, stored);
  RecordProperty("dry_run_per_second", static_cast<int>(dry));
  RecordProperty("stored_per_second", static_cast<int>(stored));
}

}  // namespace
}  // namespace muster::kube
