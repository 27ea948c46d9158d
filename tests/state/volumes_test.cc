// What the claims of a pod mean, for every way in which they can stand.
#include "muster/state/volumes.h"

#include <gtest/gtest.h>

namespace muster::state {
namespace {

using Keys = std::set<std::string>;

class VolumesTest : public testing::Test {
 protected:
  api::PersistentVolumeClaim MakeClaim(const std::string& name) {
    api::PersistentVolumeClaim claim;
    claim.meta.ns = "a";
    claim.meta.name = name;
    claim.meta.uid = "uid-" + name;
    claim.phase = "Pending";
    return claim;
  }
  void Unbound(const std::string& name, std::optional<std::string> storage_class) {
    api::PersistentVolumeClaim claim = MakeClaim(name);
    claim.storage_class = std::move(storage_class);
    volumes_.Set(std::move(claim));
  }
  void Bound(const std::string& name, const std::string& volume) {
    api::PersistentVolumeClaim claim = MakeClaim(name);
    claim.volume_name = volume;
    claim.phase = "Bound";
    volumes_.Set(std::move(claim));
  }
  api::PersistentVolume MakeVolume(const std::string& name, const std::string& claim,
                                   const std::string& zone = "") {
    api::PersistentVolume volume;
    volume.meta.name = name;
    volume.claim = "a/" + claim;
    volume.claim_uid = "uid-" + claim;
    if (!zone.empty()) volume.required_terms = {{{"zone", "In", {zone}, false}}};
    return volume;
  }
  api::StorageClass MakeClass(const std::string& name, bool waits, std::int64_t default_since = 0) {
    api::StorageClass made;
    made.meta.name = name;
    made.meta.created = {default_since};
    made.waits_for_consumer = waits;
    made.is_default = default_since > 0;
    return made;
  }
  // Of a pod that mounts these claims, in this order.
  PodVolumes Judge(const std::vector<std::string>& claims) {
    api::PodNeeds needs;
    for (const std::string& name : claims) needs.claims.push_back({"f" + name, name});
    return volumes_.Judge("a", needs);
  }

  Volumes volumes_;
};

TEST_F(VolumesTest, APodWithoutClaimsMayRunAnywhere) {
  EXPECT_TRUE(Judge({}).bound());
  EXPECT_TRUE(Judge({}).affinity.empty());
}

TEST_F(VolumesTest, EachBoundVolumeWithAnAffinityRestricts) {
  Bound("c", "v");
  volumes_.Set(MakeVolume("v", "c", "z1"));
  Bound("d", "w");
  volumes_.Set(MakeVolume("w", "d", "z2"));
  Bound("e", "x");
  volumes_.Set(MakeVolume("x", "e"));
  const PodVolumes judged = Judge({"c", "d", "e"});
  EXPECT_TRUE(judged.bound());
  ASSERT_EQ(judged.affinity.size(), 2U);
  EXPECT_EQ(judged.affinity[0][0][0].values, std::vector<std::string>{"z1"});
  EXPECT_EQ(judged.affinity[1][0][0].values, std::vector<std::string>{"z2"});
}

TEST_F(VolumesTest, AClaimThatWaitsForItsFirstConsumerIsRefused) {
  Unbound("c", "local");
  volumes_.Set(MakeClass("local", true));
  EXPECT_EQ(Judge({"c"}).refusal,
            "fc: claim c waits for its first consumer (StorageClass local has volumeBindingMode "
            "WaitForFirstConsumer), which Muster does not serve yet: bind it first or use a class "
            "with Immediate");
  EXPECT_EQ(Judge({"c"}).wait, "");
}

TEST_F(VolumesTest, TheNewestDefaultClassCountsForAClaimThatNamesNone) {
  Unbound("c", std::nullopt);
  EXPECT_EQ(Judge({"c"}).wait,
            "fc: claim c is not bound: it names no StorageClass, and none is the default");
  volumes_.Set(MakeClass("old", false, 1));
  EXPECT_EQ(Judge({"c"}).wait, "fc: claim c is not bound yet (StorageClass old)");
  volumes_.Set(MakeClass("new", true, 2));
  EXPECT_NE(Judge({"c"}).refusal, "");
  Unbound("d", "");
  EXPECT_EQ(Judge({"d"}).refusal, "");  // of no class: the default is not for it
}

TEST_F(VolumesTest, AClaimThatIsNotThereOrNotBoundIsWaitedFor) {
  EXPECT_EQ(Judge({"c"}).wait, "fc: claim c does not exist");
  Unbound("c", "fast");
  EXPECT_EQ(Judge({"c"}).wait, "fc: claim c is not bound: StorageClass fast does not exist");
  volumes_.Set(MakeClass("fast", false));
  EXPECT_EQ(Judge({"c"}).wait, "fc: claim c is not bound yet (StorageClass fast)");
  Unbound("c", "");
  EXPECT_EQ(Judge({"c"}).wait,
            "fc: claim c is not bound yet: without a StorageClass it needs a PersistentVolume that "
            "fits it");
}

// The volume controller binds it whatever its class says.
TEST_F(VolumesTest, AClaimThatNamesItsVolumeIsWaitedForAlsoInAClassThatWaits) {
  volumes_.Set(MakeClass("local", true));
  api::PersistentVolumeClaim claim = MakeClaim("c");
  claim.storage_class = "local";
  claim.volume_name = "v";
  volumes_.Set(std::move(claim));
  EXPECT_EQ(Judge({"c"}).refusal, "");
  EXPECT_EQ(Judge({"c"}).wait,
            "fc: claim c is not bound yet: spec.volumeName asks for PersistentVolume v");
}

TEST_F(VolumesTest, ABoundClaimWhoseVolumeCannotBeUsedIsWaitedFor) {
  Bound("c", "v");
  EXPECT_EQ(Judge({"c"}).wait, "fc: claim c is bound to PersistentVolume v, which does not exist");
  volumes_.Set(MakeVolume("v", "other"));
  EXPECT_EQ(Judge({"c"}).wait,
            "fc: claim c is bound to PersistentVolume v, which belongs to another claim a/other");
  api::PersistentVolume torn = MakeVolume("v", "c");
  torn.invalid = "spec.claimRef must be an object";
  volumes_.Set(std::move(torn));
  EXPECT_EQ(Judge({"c"}).wait,
            "fc: claim c is bound to PersistentVolume v, whose spec.claimRef must be an object");
  volumes_.Set(MakeVolume("v", "c"));
  EXPECT_TRUE(Judge({"c"}).bound());
}

TEST_F(VolumesTest, AClaimThatGoesOrLostItsVolumeIsNoPlaceForAPod) {
  volumes_.Set(MakeVolume("v", "c"));
  api::PersistentVolumeClaim claim = MakeClaim("c");
  claim.volume_name = "v";
  claim.phase = "Lost";
  volumes_.Set(claim);
  EXPECT_EQ(Judge({"c"}).wait, "fc: claim c has lost its PersistentVolume v");
  claim.phase = "Bound";
  claim.meta.deletion = {1};
  volumes_.Set(claim);
  EXPECT_EQ(Judge({"c"}).wait, "fc: claim c is being deleted");
}

TEST_F(VolumesTest, AChangeConcernsTheClaimsThatItCanMeanSomethingFor) {
  EXPECT_EQ(volumes_.Set(MakeVolume("v", "c")), Keys{});
  Bound("c", "v");
  Unbound("d", "fast");
  Unbound("e", std::nullopt);
  Unbound("f", "other");
  EXPECT_EQ(volumes_.Set(MakeVolume("v", "c")), Keys{"a/c"});
  EXPECT_EQ(volumes_.Set(MakeClass("fast", false)), (Keys{"a/d", "a/e"}));
  EXPECT_EQ(volumes_.Erase(MakeClass("fast", false)), (Keys{"a/d", "a/e"}));
  EXPECT_EQ(volumes_.Erase(MakeVolume("v", "c")), Keys{"a/c"});
  EXPECT_EQ(volumes_.Erase(MakeVolume("v", "c")), Keys{});
  Unbound("c", "other");
  EXPECT_EQ(volumes_.Set(MakeVolume("v", "c")), Keys{});
}

TEST_F(VolumesTest, WhatWasMadeAnewUnderTheSameNameStays) {
  api::PersistentVolumeClaim old = MakeClaim("c");
  old.meta.uid = "before";
  Unbound("c", "fast");
  EXPECT_EQ(volumes_.Erase(old), Keys{});
  EXPECT_EQ(volumes_.claims().count("a/c"), 1U);
}

}  // namespace
}  // namespace muster::state
