#include "api/read_json.h"

namespace muster::api {
namespace {

WorkflowTask ReadTask(const Fields& in) {
  WorkflowTask task;
  task.name = in.Text("name");
  task.dependencies = in.Texts("dependencies");
  Json job = *in.json();
  job.erase("name");
  job.erase("dependencies");
  // Read as the Job's spec that it will be, for its types and quantities, under the task's path.
  JobSpec spec;
  ReadJobSpec(in, spec);
  task.job_spec_json = job.dump();
  if (task.name.empty()) in.Complain("name", "must be given");
  return task;
}

}  // namespace

void Read(const Fields& spec, const Fields& status, Workflow& out) {
  spec.Each("tasks", [&out](const Fields& task) { out.tasks.push_back(ReadTask(task)); });
  WorkflowStatus& to = out.status;
  to.observed_generation = status.Int("observedGeneration", 0);
  to.epoch = status.Int("epoch", 0);
  to.phase = status.Text("phase");
  to.done = status.Text("done");
  to.running = status.Int32("running", 0);
  to.message = status.Text("message");
  status.Each("tasks", [&to](const Fields& task) {
    to.tasks.push_back({task.Text("name"), task.Text("phase")});
  });
  ReadConditions(status, to.conditions);
  to.start_time = status.Time("startTime");
  to.completion_time = status.Time("completionTime");
}

}  // namespace muster::api
