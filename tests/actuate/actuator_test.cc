#include "muster/actuate/actuator.h"

#include <gtest/gtest.h>

#include "testing/fake_api_server.h"
#include "testing/manual_clock.h"

namespace muster::actuate {
namespace {

class ActuatorTest : public ::testing::Test {
 protected:
  // What the log says about a write that is answered with this status.
  std::string LogOf(int status) {
    api_.Inject({.method = "POST", .status = status, .reason = "Some", .message = "a sentence"});
    ::testing::internal::CaptureStderr();
    actuator_.CreatePod("a", "{}", false, [](const base::Result<std::string>&) {});
    while (!client_.WaitIdle(1'000)) {
    }
    return ::testing::internal::GetCapturedStderr();
  }

  muster::testing::ManualClock clock_;
  muster::testing::FakeApiServer api_{clock_};
  kube::Client client_{api_.transport(), clock_, {}};
  Actuator actuator_{client_, clock_, [](const std::function<void()>& closure) { closure(); }};
};

TEST_F(ActuatorTest, ARefusedWriteIsLoggedWithObjectAndMessage) {
  for (const int status : {403, 422}) {
    const std::string log = LogOf(status);
    EXPECT_NE(log.find("/api/v1/namespaces/a/pods"), std::string::npos) << log;
    EXPECT_NE(log.find("a sentence"), std::string::npos) << log;
  }
}

TEST_F(ActuatorTest, AWriteThatIsTriedAgainIsNotLogged) {
  EXPECT_EQ(LogOf(500), "");
  EXPECT_EQ(LogOf(409), "");
}

}  // namespace
}  // namespace muster::actuate
