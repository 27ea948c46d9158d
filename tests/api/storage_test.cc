#include "muster/api/storage.h"

#include <gtest/gtest.h>

#include "muster/api/codec.h"

namespace muster::api {
namespace {

using Claim = PersistentVolumeClaim;

TEST(StorageCodec, AClaimWithoutClassIsAnotherThanOneOfNoClass) {
  const auto none = Decode<Claim>(R"({"metadata":{"name":"c"},"spec":{}})");
  EXPECT_FALSE(none.storage_class);
  const auto empty = Decode<Claim>(R"({"metadata":{"name":"c"},"spec":{"storageClassName":""}})");
  EXPECT_EQ(empty.storage_class, "");
  const auto bound = Decode<Claim>(R"({"metadata":{"name":"c","namespace":"a"},
      "spec":{"storageClassName":"fast","volumeName":"pv","resources":{"requests":{"storage":"1Gi"}}},
      "status":{"phase":"Bound"}})");
  EXPECT_EQ(bound.storage_class, "fast");
  EXPECT_EQ(bound.volume_name, "pv");
  EXPECT_EQ(bound.phase, "Bound");
}

TEST(StorageCodec, AVolumeSaysWhereItIsAndWhoseItIs) {
  const auto volume = Decode<PersistentVolume>(R"({"metadata":{"name":"pv"},"spec":{
      "claimRef":{"namespace":"a","name":"c","uid":"u"},
      "nodeAffinity":{"required":{"nodeSelectorTerms":[
        {"matchExpressions":[{"key":"zone","operator":"In","values":["z"]}]}]}}}})");
  EXPECT_EQ(volume.claim, "a/c");
  EXPECT_EQ(volume.claim_uid, "u");
  ASSERT_EQ(volume.required_terms.size(), 1U);
  EXPECT_EQ(volume.required_terms[0].at(0).key, "zone");
}

TEST(StorageCodec, AVolumeOfAnyNodeHasNoTermsAndOneOfNoNodeHasOneThatNoneMatches) {
  const auto any = Decode<PersistentVolume>(R"({"metadata":{"name":"pv"},"spec":{"csi":{}}})");
  EXPECT_TRUE(any.required_terms.empty());
  EXPECT_EQ(any.claim, "");
  const auto none = Decode<PersistentVolume>(R"({"metadata":{"name":"pv"},"spec":{
      "nodeAffinity":{"required":{"nodeSelectorTerms":[{}]}}}})");
  ASSERT_EQ(none.required_terms.size(), 1U);
  EXPECT_TRUE(none.required_terms[0].at(0).values.empty());
}

TEST(StorageCodec, AClassIsReadBesideItsMetadata) {
  const auto waits = Decode<StorageClass>(R"({"metadata":{"name":"local","annotations":{
      "storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"p",
      "parameters":{"a":"b"},"volumeBindingMode":"WaitForFirstConsumer"})");
  EXPECT_EQ(waits.meta.name, "local");
  EXPECT_EQ(waits.invalid, "");
  EXPECT_TRUE(waits.waits_for_consumer);
  EXPECT_TRUE(waits.is_default);
  const auto fast =
      Decode<StorageClass>(R"({"metadata":{"name":"fast"},"volumeBindingMode":"Immediate"})");
  EXPECT_FALSE(fast.waits_for_consumer || fast.is_default);
}

TEST(StorageCodec, WhatCannotBeReadIsTold) {
  EXPECT_EQ(Decode<StorageClass>(R"({"metadata":{"name":"s"},"volumeBindingMode":7})").invalid,
            "volumeBindingMode must be a string");
  EXPECT_EQ(Decode<Claim>(R"({"metadata":{"name":"c"},"spec":{"volumeName":7}})").invalid,
            "spec.volumeName must be a string");
}

}  // namespace
}  // namespace muster::api
