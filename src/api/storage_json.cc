// PersistentVolumeClaim, PersistentVolume, StorageClass.
#include "api/read_json.h"

namespace muster::api {
namespace {

constexpr std::array<std::string_view, 3> kClaimUnread = {"dataSource", "dataSourceRef",
                                                          "resources"};
constexpr std::array<std::string_view, 4> kVolumeUnread = {"csi", "nfs", "iscsi", "mountOptions"};
constexpr std::array<std::string_view, 4> kClassUnread = {"managedFields", "parameters",
                                                          "allowedTopologies", "mountOptions"};

}  // namespace

template <>
Unread UnreadOf<PersistentVolumeClaim>() {
  return {kClaimUnread, {}};
}
template <>
Unread UnreadOf<PersistentVolume>() {
  return {kVolumeUnread, {}};
}
template <>
Unread UnreadOf<StorageClass>() {
  return {kClassUnread, {}};
}

void Read(const Fields& spec, const Fields& status, PersistentVolumeClaim& out) {
  if (spec.Has("storageClassName")) out.storage_class = spec.Text("storageClassName");
  out.volume_name = spec.Text("volumeName");
  out.phase = status.Text("phase");
}

void Read(const Fields& spec, const Fields& /*status*/, PersistentVolume& out) {
  const Fields affinity = spec.At("nodeAffinity");
  ReadNodeSelector(affinity.At("required"), out.required_terms);
  const Fields claim = spec.At("claimRef");
  if (!claim.present()) return;
  out.claim = claim.Text("namespace") + "/" + claim.Text("name");
  out.claim_uid = claim.Text("uid");
}

void Read(const Fields& all, const Fields& /*status*/, StorageClass& out) {
  out.waits_for_consumer = all.Text("volumeBindingMode") == "WaitForFirstConsumer";
  // Not kept in Meta, which drops the annotations of others.
  const Fields meta = all.At("metadata");
  const Fields annotations = meta.At("annotations");
  for (const char* key : {"storageclass.kubernetes.io/is-default-class",
                          "storageclass.beta.kubernetes.io/is-default-class"}) {
    if (annotations.Text(key) == "true") out.is_default = true;
  }
}

}  // namespace muster::api
