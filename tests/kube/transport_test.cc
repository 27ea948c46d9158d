// CpprestTransport against a TLS server on loopback (http_server.py) that behaves as each test
// asks.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "kube/files.h"
#include "muster/base/mutex.h"
#include "muster/kube/cpprest_transport.h"
#include "testing/manual_clock.h"

extern char** environ;

namespace muster::kube {
namespace {

using base::Code;
using Json = nlohmann::json;
using Answer = base::Result<Response>;

const std::string kRoot = MUSTER_SOURCE_DIR;
const std::string kData = kRoot + "/tests/data/kubeconfig/";

// http_server.py as a child, for the life time of the object.
class Server {
 public:
  Server() {
    int in[2];
    int out[2];
    if (pipe(in) != 0 || pipe(out) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addclose(&actions, in[1]);
    std::string script = kRoot + "/tests/kube/http_server.py";
    std::string python = "python3";
    char* const args[] = {python.data(), script.data(), nullptr};
    posix_spawnp(&pid_, "python3", &actions, nullptr, args, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    input_ = in[1];
    char text[16] = {};
    const ssize_t count = read(out[0], text, sizeof text - 1);
    close(out[0]);
    if (count > 0) port_ = std::atoi(text);
  }
  ~Server() {
    close(input_);  // it ends when its standard input does
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
  }
  int port() const { return port_; }

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int port_ = 0;
};

class TransportTest : public ::testing::Test {
 protected:
  TransportTest() {
    connection_.server = "https://127.0.0.1:" + std::to_string(server_->port());
    connection_.ca_pem = *ReadFile(kData + "ca.crt");
  }
  std::shared_ptr<Transport> Make(const base::Clock& clock = base::SystemClock()) {
    auto made = MakeCpprestTransport(connection_, clock);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *made;
  }
  static void SetUpTestSuite() { server_ = std::make_unique<Server>(); }
  static void TearDownTestSuite() { server_.reset(); }
  static Answer Send(Transport& transport, const std::string& method, const std::string& path,
                     const std::string& body = "", std::int64_t timeout_ms = 120'000) {
    auto promise = std::make_shared<std::promise<Answer>>();
    transport.Send({method, path, body, body.empty() ? "" : "application/json", timeout_ms},
                   [promise](Answer answer) { promise->set_value(std::move(answer)); });
    return promise->get_future().get();
  }
  static Json Echo(Transport& transport, const std::string& method = "GET",
                   const std::string& body = "") {
    const Answer answer = Send(transport, method, "/echo", body);
    return answer.ok() ? Json::parse(answer->body) : Json{{"error", answer.error().message}};
  }

  static std::unique_ptr<Server> server_;
  Connection connection_;
};

std::unique_ptr<Server> TransportTest::server_;

TEST_F(TransportTest, SendsMethodBodyAndType) {
  const auto transport = Make();
  const Json seen = Echo(*transport, "PATCH", "{\"a\":1}");
  EXPECT_EQ(seen["method"], "PATCH");
  EXPECT_EQ(seen["body"], "{\"a\":1}");
  EXPECT_EQ(seen["content_type"], "application/json");
  EXPECT_EQ(Echo(*transport, "DELETE")["body"], "");
}

TEST_F(TransportTest, EveryStatusIsAResponse) {
  const auto transport = Make();
  const Answer answer = Send(*transport, "GET", "/status/429");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->retry_after_ms, 7'000);
  EXPECT_NE(answer->body.find("said so"), std::string::npos);
}

TEST_F(TransportTest, ReusesItsConnection) {
  const auto transport = Make();
  std::set<int> connections;
  for (int i = 0; i < 50; ++i) {
    connections.insert(Echo(*transport, "POST", "{}").value("connection", -1));
  }
  // One, unless the machine is so slow that connections look idle between two requests.
  EXPECT_LE(connections.size(), 5u);
  EXPECT_EQ(connections.count(-1), 0u);
}

TEST_F(TransportTest, ShowsItsClientCertificate) {
  connection_.client_certificate_pem = *ReadFile(kData + "client.crt");
  connection_.client_key_pem = *ReadFile(kData + "client.key");
  EXPECT_EQ(Echo(*Make())["client"], "client");
}

TEST_F(TransportTest, AServerOfAnotherAuthorityIsRefused) {
  connection_.ca_pem = *ReadFile(kData + "client.crt");
  const Answer answer = Send(*Make(), "GET", "/echo");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  connection_.insecure_skip_tls_verify = true;
  EXPECT_EQ(Echo(*Make())["method"], "GET");
}

TEST_F(TransportTest, TheServersNameIsChecked) {
  connection_.tls_server_name = "api.test";
  EXPECT_EQ(Echo(*Make())["method"], "GET");
  connection_.tls_server_name = "other.test";
  EXPECT_FALSE(Send(*Make(), "GET", "/echo").ok());
}

TEST_F(TransportTest, AKeyOfAnotherCertificateIsFoundAtOnce) {
  connection_.client_certificate_pem = *ReadFile(kData + "client.crt");
  connection_.client_key_pem = *ReadFile(kData + "other.key");
  EXPECT_EQ(MakeCpprestTransport(connection_).error().message,
            "the client key does not belong to the client certificate");
}

TEST_F(TransportTest, ARefusedTokenIsReadAgainAndTheRequestRepeated) {
  std::string dir = ::testing::TempDir() + "transport-XXXXXX";
  ASSERT_NE(mkdtemp(dir.data()), nullptr);
  connection_.token_file = dir + "/token";
  std::ofstream(connection_.token_file) << "first";
  const auto transport = Make();
  EXPECT_EQ(Send(*transport, "POST", "/needs/first", "{}")->status, 200);
  std::ofstream(connection_.token_file) << "second";
  EXPECT_EQ(Send(*transport, "POST", "/needs/second", "{}")->status, 200);
  EXPECT_EQ(Send(*transport, "POST", "/needs/third", "{}")->status, 401);
  std::filesystem::remove_all(dir);
}

TEST_F(TransportTest, ARefusedRequestIsNotRepeatedAfterItsTime) {
  std::string dir = ::testing::TempDir() + "transport-XXXXXX";
  ASSERT_NE(mkdtemp(dir.data()), nullptr);
  connection_.token_file = dir + "/token";
  std::ofstream(connection_.token_file) << "early";
  muster::testing::ManualClock clock;
  const auto transport = Make(clock);
  std::filesystem::remove(connection_.token_file);
  ASSERT_EQ(mkfifo(connection_.token_file.c_str(), 0600), 0);
  auto answer = std::async(std::launch::async,
                           [&] { return Send(*transport, "POST", "/needs/late", "{}", 60'000); });
  std::ofstream token(connection_.token_file);  // opens when it is read: after the 401
  clock.Advance(61'000);
  token << "late";
  token.close();
  const Answer late = answer.get();
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::kUnavailable);
  EXPECT_EQ(Send(*transport, "POST", "/needs/late", "{}")->status, 200);
  std::filesystem::remove_all(dir);
}

TEST_F(TransportTest, ASilentServerIsUnavailableInTime) {
  const muster::testing::ManualClock clock;
  const auto transport = Make(clock);
  const Answer answer = Send(*transport, "GET", "/hang", "", 200);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  EXPECT_EQ(answer.error().message, "no answer within 200 ms");
}

TEST_F(TransportTest, AnAbsentServerIsUnavailable) {
  connection_.server = "https://127.0.0.1:1";
  EXPECT_EQ(Send(*Make(), "GET", "/echo").error().code, Code::kUnavailable);
}

// The connection is in the pool, the server closes it while a write is under way: that write may
// have been carried out, so it must not be repeated behind our back.
TEST_F(TransportTest, AWriteIsNeverRepeatedByItself) {
  const auto transport = Make();
  ASSERT_EQ(Echo(*transport)["method"], "GET");
  for (const char* method : {"POST", "PATCH", "DELETE"}) {
    EXPECT_FALSE(Send(*transport, method, "/close", "").ok());
    ASSERT_TRUE(Send(*transport, "GET", "/echo").ok());  // pools a connection again
  }
  const std::string log = Send(*transport, "GET", "/log")->body;
  std::size_t count = 0;
  for (std::size_t at = log.find("/close"); at != std::string::npos;
       at = log.find("/close", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 3u) << log;
}

TEST_F(TransportTest, AReadSurvivesAConnectionClosedWhileIdle) {
  const auto transport = Make();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Send(*transport, "GET", "/idle").ok());
    EXPECT_TRUE(Send(*transport, "GET", "/echo").ok());
  }
}

// Collects a stream.
struct Collected {
  base::Mutex mutex;
  base::CondVar changed;
  std::vector<std::string> lines;
  std::vector<Answer> ends;

  StreamHandler handler() {
    return {[this](std::string_view line) {
              base::Lock lock(mutex);
              lines.emplace_back(line);
              changed.notify_all();
            },
            [this](Answer end) {
              base::Lock lock(mutex);
              ends.push_back(std::move(end));
              changed.notify_all();
            }};
  }
  void AwaitEnd() {
    base::Lock lock(mutex);
    while (ends.empty()) changed.wait(mutex);
  }
  bool AwaitLine() {  // false: it ended before
    base::Lock lock(mutex);
    while (lines.empty() && ends.empty()) changed.wait(mutex);
    return !lines.empty();
  }
};

Request Get(const std::string& path, std::int64_t timeout_ms = 120'000) {
  return {"GET", path, "", "", timeout_ms};
}

TEST_F(TransportTest, AStreamComesInWholeLines) {
  const auto transport = Make();
  Collected got;
  const auto stream = transport->Open(Get("/lines/1000"), got.handler());
  got.AwaitEnd();
  ASSERT_EQ(got.lines.size(), 1000u);  // the last one was cut and is none
  EXPECT_EQ(got.lines[999], "{\"line\":999}");
  EXPECT_EQ(got.ends[0]->status, 200);
}

TEST_F(TransportTest, ARefusedStreamEndsWithItsBody) {
  const auto transport = Make();
  Collected got;
  const auto stream = transport->Open(Get("/status/410"), got.handler());
  got.AwaitEnd();
  EXPECT_EQ(got.ends[0]->status, 410);
  EXPECT_NE(got.ends[0]->body.find("said so"), std::string::npos);
  EXPECT_TRUE(got.lines.empty());
}

TEST_F(TransportTest, AStreamWithoutAHeadTimesOut) {
  const auto transport = Make();
  Collected got;
  const auto stream = transport->Open(Get("/hang", 200), got.handler());
  got.AwaitEnd();
  EXPECT_EQ(got.ends[0].error().code, Code::kUnavailable);
}

TEST_F(TransportTest, AnOpenStreamOutlivesItsTimeoutUntilItIsCut) {
  const auto transport = Make();
  Collected got;
  auto stream = transport->Open(Get("/open", 3'000), got.handler());
  ASSERT_TRUE(got.AwaitLine());
  EXPECT_FALSE(Send(*transport, "GET", "/hang", "", 3'500).ok());  // time goes by
  EXPECT_TRUE(got.ends.empty());
  stream.reset();
  EXPECT_TRUE(got.ends.empty());
}

TEST_F(TransportTest, ItsEndAnswersWhatIsUnderWay) {
  auto transport = Make();
  auto promise = std::make_shared<std::promise<Answer>>();
  transport->Send(Get("/hang"),
                  [promise](Answer answer) { promise->set_value(std::move(answer)); });
  transport.reset();
  EXPECT_FALSE(promise->get_future().get().ok());
}

TEST_F(TransportTest, ManyRequestsAtOnceAllComeBack) {
  const auto transport = Make();
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 200; ++i) {
    auto promise = std::make_shared<std::promise<Answer>>();
    answers.push_back(promise->get_future());
    transport->Send({"POST", "/echo", std::to_string(i), "text/plain", 240'000},
                    [promise](Answer answer) { promise->set_value(std::move(answer)); });
  }
  for (int i = 0; i < 200; ++i) {
    const Answer answer = answers[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(Json::parse(answer->body)["body"], std::to_string(i));
  }
}

}  // namespace
}  // namespace muster::kube
