// One reader a kind: fills the struct from the parsed sections of an object.  The text of metadata,
// spec and status is parsed apart, so that metadata is there whatever the rest looks like.
//
// Threads: pure functions.
#pragma once

#include "api/json_fields_json.h"
#include "api/scan.h"
#include "muster/api/core.h"
#include "muster/api/job.h"
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

void ReadMeta(const Fields& meta, Meta& out);
void ReadConditions(const Fields& status, std::vector<Condition>& out);

void Read(const Fields& spec, const Fields& status, Node& out);
void Read(const Fields& spec, const Fields& status, Pod& out);
void Read(const Fields& spec, const Fields& status, Namespace& out);
void Read(const Fields& spec, const Fields& status, LimitRange& out);
void Read(const Fields& spec, const Fields& status, PodDisruptionBudget& out);
void Read(const Fields& spec, const Fields& status, Tenant& out);
void Read(const Fields& spec, const Fields& status, ResourceQuota& out);
void Read(const Fields& spec, const Fields& status, Job& out);
void Read(const Fields& spec, const Fields& status, Workflow& out);

void ReadPodNeeds(const Fields& spec, PodNeeds& out);
void ReadJobSpec(const Fields& spec, JobSpec& out);
void ReadJobStatus(const Fields& status, JobStatus& out);

}  // namespace muster::api
