// A Job and its surroundings for tests of the Job controller's plan, drawn in a few words:
//   JobBuilder job; job.Task("main", 3).Placed("a", "0-2").Pod("main", 0, PodPhase::kRunning,
//   true); JobActions actions = job.Plan();
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "controllers/job/plan.h"

namespace muster::op::testing {

class JobBuilder {
 public:
  JobBuilder();

  JobBuilder& Task(const std::string& name, std::int32_t replicas);
  // Placement of the next attempt in the status (or of `attempt`).
  JobBuilder& Placed(const std::string& node, const std::string& indexes,
                     api::PlacementState state = api::PlacementState::kCommitted,
                     const std::string& task = "main");
  // A decision of the scheduler that no write has confirmed.
  JobBuilder& Decided(const std::string& node, const std::string& indexes);
  JobBuilder& Pod(std::int32_t index, api::PodPhase phase, bool ready = false,
                  std::int32_t exit_code = 0, std::int32_t attempt = 1);
  // The i-th pod is not there any more.
  JobBuilder& WithoutPod(std::size_t i);
  // The i-th pod is of an older leader, after the barrier.
  JobBuilder& VoidPod(std::size_t i);
  JobBuilder& NoTenant();
  JobBuilder& At(std::int64_t seconds);  // now, in seconds after the job's creation

  JobActions Plan();

  api::JobSpec& spec() { return entry.job.spec; }
  api::JobStatus& status() { return entry.job.status; }
  state::Template& made(std::size_t task) { return templates_[task]; }  // its dry run's answer
  api::Pod& pod(std::size_t i) { return pods_[i].pod; }

  state::JobEntry entry;
  JobFacts facts;
  api::Tenant tenant;
  std::map<std::string, api::Node> nodes;

 private:
  std::deque<state::PodEntry> pods_;
  std::deque<state::Template> templates_;
};

}  // namespace muster::op::testing
