// Jobs of a workload file (docs/simulator.md).
#include <algorithm>
#include <array>
#include <set>

#include "sim/read_workload.h"

namespace muster::sim {
namespace {

constexpr std::int64_t kMostJobs = 10'000'000;
constexpr std::int64_t kMostReplicas = 1'000'000;
// scheduling.md section 3; the words of the API.
constexpr std::array<std::pair<std::string_view, std::int32_t>, 5> kPriorities = {
    {{"critical", 1000}, {"high", 750}, {"normal", 500}, {"low", 250}, {"scavenger", 100}}};

std::int32_t ReadPriority(Fields& fields) {
  const std::string text = fields.TextOr("priority", "normal");
  for (const auto& [name, value] : kPriorities) {
    if (text == name) return value;
  }
  return static_cast<std::int32_t>(fields.IntOr("priority", 500, {0, 1'000'000}));
}

std::vector<sched::Toleration> ReadTolerations(Fields& task, Complaints& complaints) {
  std::vector<sched::Toleration> tolerations;
  const std::vector<Value>& list = task.List("tolerations");
  for (std::size_t i = 0; i < list.size(); ++i) {
    Fields fields(list[i], task.PathOf("tolerations[" + std::to_string(i) + "]"), complaints);
    sched::Toleration toleration;
    toleration.key = fields.TextOr("key", "");
    toleration.exists = !fields.Has("value");
    toleration.value = fields.TextOr("value", "");
    toleration.effect = fields.TextOr("effect", "");
    fields.End();
    tolerations.push_back(std::move(toleration));
  }
  return tolerations;
}

// What a replica asks for, from the fields of a task, or of a job that has no tasks.
Task ReadTask(Fields& fields, const TraceShape& shape, Complaints& complaints) {
  Task task;
  task.replicas = static_cast<std::int32_t>(fields.IntOr("replicas", 1, {1, kMostReplicas}));
  task.shape.request = ReadAmounts(fields, shape.device_resource);
  task.shape.gpu_model = fields.TextOr("model", "");
  for (auto& [key, value] : fields.Texts("selector")) {
    task.shape.selector.push_back({key, sched::SelectOp::kIn, {value}, false});
  }
  std::sort(task.shape.selector.begin(), task.shape.selector.end());
  task.shape.tolerations = ReadTolerations(fields, complaints);
  return task;
}

std::vector<Task> ReadTasks(Fields& job, const TraceShape& shape, Complaints& complaints) {
  if (!job.Has("tasks")) return {ReadTask(job, shape, complaints)};
  std::vector<Task> tasks;
  std::set<std::string> names;
  const std::vector<Value>& list = job.List("tasks");
  for (std::size_t i = 0; i < list.size(); ++i) {
    Fields fields(list[i], job.PathOf("tasks[" + std::to_string(i) + "]"), complaints);
    Task& task = tasks.emplace_back(ReadTask(fields, shape, complaints));
    task.name = fields.Required("name");
    if (!names.insert(task.name).second) fields.Complain("name", "is that of another task");
    fields.End();
  }
  if (tasks.empty()) job.Complain("tasks", "has no task");
  return tasks;
}

Job ReadJob(Fields& fields, const TraceShape& shape, Complaints& complaints) {
  Job job;
  job.name = fields.Required("name");
  job.tenant = fields.TextOr("tenant", "all");
  job.user = fields.TextOr("user", "");
  job.submit = {fields.TimeOr("submit", 0)};
  if (!fields.Has("run")) fields.Complain("run", "is missing");
  job.run_ms = fields.TimeOr("run", 1);
  if (job.run_ms < 1) fields.Complain("run", "must be longer than nothing");
  job.bound_ms = fields.TimeOr("bound", 0);
  job.checkpoint_ms = fields.TimeOr("checkpoint", 0);
  job.restart_ms = fields.TimeOr("restart", 0);
  job.priority = ReadPriority(fields);
  job.tasks = ReadTasks(fields, shape, complaints);
  std::int64_t replicas = 0;
  for (const Task& task : job.tasks) replicas += task.replicas;
  if (replicas > kMostReplicas) fields.Complain("tasks", "have more than 1000000 replicas");
  job.min_replicas = static_cast<std::int32_t>(fields.IntOr("minReplicas", 0, {1, replicas}));
  return job;
}

}  // namespace

std::vector<Job> ReadYamlJobs(Fields& file, const TraceShape& shape, Complaints& complaints) {
  std::vector<Job> jobs;
  std::set<std::string> names;
  const std::vector<Value>& list = file.List("jobs");
  for (std::size_t i = 0; i < list.size() && !complaints.error(); ++i) {
    Fields fields(list[i], "jobs[" + std::to_string(i) + "]", complaints);
    const Job job = ReadJob(fields, shape, complaints);
    const std::int64_t count = fields.IntOr("count", 0, {1, kMostJobs});
    const std::int64_t every = fields.TimeOr("every", 0);
    fields.End();
    if (static_cast<std::int64_t>(jobs.size()) + count > kMostJobs) {
      fields.Complain("count", "makes more than 10000000 jobs");
      break;
    }
    for (std::int64_t n = 0; n < std::max<std::int64_t>(count, 1); ++n) {
      Job& one = jobs.emplace_back(job);
      if (count > 0) one.name = Numbered(job.name + "-", n, 4);
      one.submit.unix_ms += n * every;
      if (!names.insert(one.name).second) fields.Complain("name", "makes a second job " + one.name);
    }
  }
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.submit < b.submit; });
  return jobs;
}

}  // namespace muster::sim
