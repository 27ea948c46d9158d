// What a leader left behind on n1, for tests of what the next one makes of it.
#pragma once

#include <string>

#include "operator/job_fixture.h"

namespace muster::op::testing {

constexpr char kTail[] = R"(,"committedAt":"2024-01-01T00:00:00Z","assignments":[)";

class TakeoverTest : public JobFixture {
 protected:
  TakeoverTest() { PutNode("n1", 8); }

  // A placement of attempt 1 in the status of a job, written under epoch 1.
  void PutPlaced(const std::string& name, const std::string& state, const std::string& indexes,
                 const std::string& more = "") {
    Edit(JobPath(name) + "/status",
         R"({"status":{"epoch":1,"attempt":1,"phase":"Running","placement":{"attempt":1,)"
         R"("revision":1,"state":")" +
             state + "\"" + more + kTail + R"({"node":"n1","task":"main","indexes":")" + indexes +
             R"("}]}}})");
  }
  // The pod of one index, made by the leader before this one; known to it only once it is listed.
  void PutPodOf(const std::string& job, int index, int gpus, const std::string& node = "n1") {
    const api::Job object = Read<api::Job>(JobPath(job));
    api::PodContext context;
    context.job = &object;
    context.attempt = 1;
    context.epoch = 1;
    context.tenant = "a";
    const auto json = api::RenderPod(context, object.spec.tasks[0], index, node);
    ASSERT_TRUE(json.ok()) << json.error().message;
    ASSERT_GT(gpus, 0);
    Put(kPodPath + api::PodName(object, "main", index, 1), *json);
  }
  // This process only watches what another leader does.
  void StandBy() { state_.SetBarrier(0); }
  // This process becomes the leader: what is there now was there before its barrier.
  void Lead() {
    Sync();
    state_.SetBarrier(2);
    state_.MarkAllJobs();
  }
  void Refuse(int times) {
    api_.Inject({.method = "POST", .path = "*/pods", .status = 500, .times = times});
  }
};

}  // namespace muster::op::testing
