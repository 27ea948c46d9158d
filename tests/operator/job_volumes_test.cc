// Jobs whose pods mount claims: where they go, and what they wait for.
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

using testing::JobFixture;

using Keys = std::set<std::string>;

constexpr char kField[] = "spec.tasks[0].template.spec.volumes[0].persistentVolumeClaim: ";

class JobVolumesTest : public JobFixture {
 protected:
  JobVolumesTest() {
    PutNode("n1", 8, "z1");
    PutNode("n2", 8, "z2");
  }
  // A job of `replicas` pods that mount these claims.
  void PutMounting(const std::string& name, const std::vector<std::string>& claims,
                   int replicas = 1, int gpus = 4) {
    std::string volumes;
    for (const std::string& claim : claims) {
      volumes += std::string(volumes.empty() ? "" : ",") + R"({"name":")" + claim +
                 R"(","persistentVolumeClaim":{"claimName":")" + claim + R"("}})";
    }
    PutOurs("namespaces/team/jobs/" + name,
            R"({"tasks":[{"name":"main","replicas":)" + std::to_string(replicas) +
                R"(,"template":{"spec":{"volumes":[)" + volumes +
                R"(],"containers":[{"name":"c","image":"i","resources":{"limits":)" +
                R"({"nvidia.com/gpu":")" + std::to_string(gpus) + R"("}}}]}}}]})");
  }
  std::string NodeOf(const std::string& job) {
    const std::vector<std::string> pods = PodsOf(job);
    return pods.empty() ? "" : Read<api::Pod>(kPodPath + pods[0]).node_name;
  }
  std::string Told(const std::string& job) {
    const api::JobStatus status = Status(job);
    return status.reason + ": " + status.message;
  }
};

TEST_F(JobVolumesTest, PodsGoWhereTheVolumeOfTheirClaimIs) {
  PutBound("data", "z2");
  PutMounting("train", {"data"}, 2);
  Settle();
  ASSERT_EQ(PodsOf("train").size(), 2u);
  EXPECT_EQ(FreeGpus("n1"), 8);
  EXPECT_EQ(FreeGpus("n2"), 0);
}

TEST_F(JobVolumesTest, VolumesInDifferentPlacesFitNowhereAndSaySo) {
  PutBound("data", "z1");
  PutBound("more", "z2");
  PutMounting("train", {"data", "more"});
  Settle();
  After(1);
  EXPECT_EQ(Told("train"),
            "NoMatchingNodes: 0/2 nodes can take a pod: 2 volume node affinity conflict");
  PutVolume("pv-more", "more", "z1");
  Settle();
  EXPECT_EQ(NodeOf("train"), "n1");
}

TEST_F(JobVolumesTest, AClaimThatWaitsForItsFirstConsumerIsRefusedUntilItIsBound) {
  PutClass("local-path", "WaitForFirstConsumer");
  PutClaim("data", R"({"storageClassName":"local-path"})");
  PutMounting("train", {"data"});
  Settle();
  EXPECT_EQ(Status("train").phase, "Pending");
  EXPECT_EQ(Told("train"),
            std::string("Misconfigured: ") + kField +
                "claim data waits for its first consumer (StorageClass local-path has "
                "volumeBindingMode WaitForFirstConsumer), which Muster does not serve yet: bind it "
                "first or use a class with Immediate");
  PutBound("data", "z2");
  Settle();
  EXPECT_EQ(NodeOf("train"), "n2");
}

// Nothing here moves the clock: what is waited for comes as an event.
TEST_F(JobVolumesTest, AJobGoesOnAtOnceWhenItsClaimAppearsAndIsBound) {
  PutMounting("train", {"data"});
  Settle();
  EXPECT_EQ(Told("train"), std::string("NoMatchingNodes: ") + kField + "claim data does not exist");
  PutClass("fast", "Immediate");
  PutClaim("data", R"({"storageClassName":"fast"})");
  Settle();
  EXPECT_TRUE(PodsOf("train").empty());
  PutClaim("data", R"({"volumeName":"pv-data"})", "Bound");
  Settle();
  EXPECT_TRUE(PodsOf("train").empty());  // its volume is not known: neither is where it is
  PutVolume("pv-data", "data", "z2");
  Settle();
  EXPECT_EQ(NodeOf("train"), "n2");
}

TEST_F(JobVolumesTest, OnlyTheJobsThatUseAClaimAreLookedAt) {
  PutBound("data", "z1");
  PutBound("other", "z1");
  PutMounting("user", {"data"});
  PutMounting("stranger", {"other"});
  Settle();
  state_.TakeDirty();
  const auto claim =
      Read<api::PersistentVolumeClaim>("/api/v1/namespaces/team/persistentvolumeclaims/data");
  auto volume = Read<api::PersistentVolume>("/api/v1/persistentvolumes/pv-data");
  state_.Upsert(volume);
  EXPECT_EQ(state_.TakeDirty().jobs, Keys{});  // it means what it meant
  volume.required_terms.clear();
  state_.Upsert(volume);
  EXPECT_EQ(state_.TakeDirty().jobs, Keys{"team/user"});
  state_.Remove(claim);
  EXPECT_EQ(state_.TakeDirty().jobs, Keys{"team/user"});
  RemoveObject(JobPath("user"));
  Sync();
  state_.TakeDirty();
  state_.Remove(claim);
  EXPECT_EQ(state_.TakeDirty().jobs, Keys{});
}

TEST_F(JobVolumesTest, ADecisionIsForgottenWhenTheClaimIsGoneBeforeTheCommit) {
  PutBound("data", "z1");
  PutMounting("train", {"data"}, 2);
  Sync();
  Turn();
  Answers();  // the template
  Turn();     // decided
  ASSERT_TRUE(Entry("train").placement);
  state_.Remove(
      Read<api::PersistentVolumeClaim>("/api/v1/namespaces/team/persistentvolumeclaims/data"));
  Turn();
  EXPECT_FALSE(Entry("train").placement);
  EXPECT_EQ(FreeGpus("n1"), 8);
  RemoveObject("/api/v1/namespaces/team/persistentvolumeclaims/data");
  Settle();
  EXPECT_TRUE(PodsOf("train").empty());
}

TEST_F(JobVolumesTest, AnEphemeralVolumeIsRefusedWhateverItsClass) {
  PutOurs("namespaces/team/jobs/train",
          R"({"tasks":[{"name":"main","template":{"spec":{"volumes":[{"name":"e","ephemeral":{}}],
              "containers":[{"name":"c","image":"i"}]}}}]})");
  Settle();
  EXPECT_EQ(Told("train"),
            "Misconfigured: spec.tasks[0].template.spec.volumes[0].ephemeral is not supported: use "
            "an emptyDir, or a claim that is bound already");
}

}  // namespace
}  // namespace muster::op
