#include "testing/job_builder.h"

namespace muster::op::testing {
namespace {

constexpr std::int64_t kCreatedMs = 1'700'000'000'000;

}  // namespace

JobBuilder::JobBuilder() {
  entry.key = "ns/job";
  entry.job.meta.ns = "ns";
  entry.job.meta.name = "job";
  entry.job.meta.uid = "uid";
  entry.job.meta.generation = 1;
  entry.job.meta.created = {kCreatedMs};
  tenant.meta.name = "team";
  facts.tenant = "team";
  facts.epoch = 7;
  for (const char* name : {"a", "b"}) {
    nodes[name].meta.name = name;
    nodes[name].ready = true;
  }
  At(0);
}

JobBuilder& JobBuilder::At(std::int64_t seconds) {
  facts.now = {kCreatedMs + seconds * 1000};
  facts.boot_ms = 1'000'000 + seconds * 1000;
  return *this;
}

JobBuilder& JobBuilder::WithoutPod(std::size_t i) {
  pods_.erase(pods_.begin() + static_cast<std::ptrdiff_t>(i));
  return *this;
}

JobBuilder& JobBuilder::VoidPod(std::size_t i) {
  pods_[i].is_void = true;
  return *this;
}

JobBuilder& JobBuilder::NoTenant() {
  facts.tenant.clear();
  return *this;
}

JobBuilder& JobBuilder::Task(const std::string& name, std::int32_t replicas) {
  entry.job.spec.tasks.push_back({name, replicas, "{}"});
  state::Template made;
  made.state = state::TemplateState::kGood;
  made.request = {{"cpu", 1000}, {"nvidia.com/gpu", 1}};
  templates_.push_back(made);
  RefreshSlots(entry);
  return *this;
}

JobBuilder& JobBuilder::Placed(const std::string& node, const std::string& indexes,
                               api::PlacementState state, const std::string& task) {
  if (!entry.job.status.placement) {
    entry.job.status.placement.emplace();
    entry.job.status.attempt = entry.job.status.attempt + 1;
    entry.job.status.phase = "Scheduling";
  }
  api::Placement& placement = *entry.job.status.placement;
  placement.attempt = entry.job.status.attempt;
  placement.state = state;
  placement.committed_at = {kCreatedMs};
  placement.assignments.push_back({node, "", task, indexes});
  entry.placement = placement;
  entry.backing = state::Backing::kStatus;
  RefreshSlots(entry);
  return *this;
}

JobBuilder& JobBuilder::Decided(const std::string& node, const std::string& indexes) {
  api::Placement placement;
  placement.attempt = entry.job.status.attempt + 1;
  placement.committed_at = facts.now;
  placement.assignments.push_back({node, "", "main", indexes});
  entry.placement = placement;
  entry.backing = entry.replicas == 1 ? state::Backing::kImplied : state::Backing::kDecided;
  RefreshSlots(entry);
  return *this;
}

JobBuilder& JobBuilder::Pod(std::int32_t index, api::PodPhase phase, bool ready,
                            std::int32_t exit_code, std::int32_t attempt) {
  state::PodEntry pod;
  pod.pod.meta.ns = "ns";
  pod.pod.meta.name = "job-main-" + std::to_string(index) + "-" + std::to_string(attempt);
  pod.pod.meta.uid = "pod-" + std::to_string(attempt) + "-" + std::to_string(index);
  pod.pod.phase = phase;
  pod.pod.ready = ready;
  pod.pod.exit_code = exit_code;
  pod.slot = {attempt, "main", index, facts.epoch};
  const bool current = entry.placement && entry.placement->attempt == attempt;
  if (current && entry.slot_of[index] >= 0) {
    state::Slot& slot = entry.slots[entry.slot_of[index]];
    slot.seen = true;
    pod.pod.node_name = entry.placement->assignments[slot.assignment].node;
  }
  pods_.push_back(std::move(pod));
  return *this;
}

JobActions JobBuilder::Plan() {
  facts.tenant_object = facts.tenant.empty() ? nullptr : &tenant;
  facts.nodes = &nodes;
  facts.pods.clear();
  for (const state::PodEntry& pod : pods_) facts.pods.push_back(&pod);
  facts.templates.clear();
  for (const state::Template& made : templates_) facts.templates.push_back(&made);
  return PlanJob(entry, facts);
}

}  // namespace muster::op::testing
