// One reader a kind: fills the struct from the parsed sections of an object.  The text of metadata,
// spec and status is parsed apart, so that metadata is there whatever the rest looks like.
//
// Threads: pure functions.
#pragma once

#include "api/json_fields_json.h"
#include "api/scan.h"
#include "muster/api/core.h"
#include "muster/api/job.h"
#include "muster/api/storage.h"
#include "muster/api/tenant.h"
#include "muster/api/workflow.h"

namespace muster::api {

// What of a kind's sections is not even parsed (members that are objects or lists).
struct Unread {
  std::span<const std::string_view> spec;
  std::span<const std::string_view> status;
};
template <class T>
Unread UnreadOf() {
  return {};
}
template <>
Unread UnreadOf<Pod>();
template <>
Unread UnreadOf<Node>();
template <>
Unread UnreadOf<PersistentVolumeClaim>();
template <>
Unread UnreadOf<PersistentVolume>();
template <>
Unread UnreadOf<StorageClass>();

// Kinds without a spec: their fields stand beside the metadata, and Read gets the whole object.
template <class T>
inline constexpr bool kWithoutSpec = false;
template <>
inline constexpr bool kWithoutSpec<StorageClass> = true;

void ReadMeta(const Fields& meta, Meta& out);
void ReadConditions(const Fields& status, std::vector<Condition>& out);

void Read(const Fields& spec, const Fields& status, Node& out);
void Read(const Fields& spec, const Fields& status, Pod& out);
void Read(const Fields& spec, const Fields& status, Namespace& out);
void Read(const Fields& spec, const Fields& status, LimitRange& out);
void Read(const Fields& spec, const Fields& status, PodDisruptionBudget& out);
void Read(const Fields& spec, const Fields& status, PersistentVolumeClaim& out);
void Read(const Fields& spec, const Fields& status, PersistentVolume& out);
void Read(const Fields& all, const Fields& status, StorageClass& out);
void Read(const Fields& spec, const Fields& status, Tenant& out);
void Read(const Fields& spec, const Fields& status, ResourceQuota& out);
void Read(const Fields& spec, const Fields& status, Job& out);
void Read(const Fields& spec, const Fields& status, Workflow& out);

// Terms of a NodeSelector, of which any must match; nothing where it is absent.
void ReadNodeSelector(const Fields& selector, std::vector<NodeSelectorTerm>& out);
// Nothing where it is absent.
std::optional<LabelSelector> ReadLabelSelector(const Fields& selector);
void ReadPodNeeds(const Fields& spec, PodNeeds& out);
void ReadJobSpec(const Fields& spec, JobSpec& out);
void ReadJobStatus(const Fields& status, JobStatus& out);

}  // namespace muster::api
