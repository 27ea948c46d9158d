// The writes of a Job's life without an operator: what the operator itself sends for a Job of one
// pod (docs/benchmarks.md), in the same order and through the same renderers.
#include <memory>
#include <utility>

#include "floor/floor.h"
#include "muster/api/codec.h"
#include "muster/api/render.h"
#include "muster/kube/paths.h"

namespace muster::floor {
namespace {

using base::Result;

constexpr char kManager[] = "fieldManager=muster";

class Lives {
 public:
  Lives(kube::Client& client, const Options& options, Tally& tally)
      : client_(client),
        options_(options),
        tally_(tally),
        body_(ReadBody(options.body_file)),
        nodes_(NodeNames(client)) {}

  void Run();

 private:
  struct Life {
    int number = 0;
    api::Job job;
  };
  using Shared = std::shared_ptr<Life>;
  using Next = void (Lives::*)(const Shared&, const std::string&);

  void Write(const Shared& life, kube::Call call, Next next);
  void Begin(int number);
  void TakeJob(const Shared& life, const std::string& body);
  void TakePod(const Shared& life, const std::string& body);
  void TakeEvent(const Shared& life, const std::string& body);
  void TakeRunning(const Shared& life, const std::string& body);
  void TakeSucceeded(const Shared& life, const std::string& body);
  void End();
  kube::Call StatusCall(const api::Job& job, const api::JobStatus& next, kube::Lane lane) const;
  const std::string& NodeOf(const Life& life) const { return nodes_[life.number % nodes_.size()]; }
  api::Condition True(const char* type) const;

  kube::Client& client_;
  const Options& options_;
  Tally& tally_;
  const std::string body_;
  const std::vector<std::string> nodes_;
  base::Mutex mutex_;
  base::CondVar changed_;
  int living_ GUARDED_BY(mutex_) = 0;
};

void Lives::Run() {
  const std::int64_t begin = base::SystemClock().BootMs();
  for (int i = 0; i < options_.count; ++i) {
    Pace(begin, i, options_.rate);
    {
      base::Lock lock(mutex_);
      while (living_ >= options_.in_flight) changed_.wait(mutex_);
      ++living_;
    }
    Begin(i);
  }
  base::Lock lock(mutex_);
  while (living_ > 0) changed_.wait(mutex_);
}

void Lives::End() {
  base::Lock lock(mutex_);
  --living_;
  changed_.notify_all();
}

void Lives::Write(const Shared& life, kube::Call call, Next next) {
  call.query = kManager;
  call.timeout_ms = 30'000;
  client_.Submit(std::move(call), [this, life, next](const Result<std::string>& answer) {
    tally_.Add(answer);
    if (answer.ok()) {
      (this->*next)(life, *answer);
    } else {
      End();
    }
  });
}

void Lives::Begin(int number) {
  auto life = std::make_shared<Life>();
  life->number = number;
  Write(life,
        {kube::Verb::kCreate, CollectionPath(kube::kJobs, options_.ns), "",
         NamedBody(body_, options_, number), kube::Lane::kRest},
        &Lives::TakeJob);
}

void Lives::TakeJob(const Shared& life, const std::string& body) {
  life->job = api::Decode<api::Job>(body);
  const Result<std::string> pod = PodOf(life->job, options_, 0, 0, NodeOf(*life));
  if (!pod.ok()) {
    tally_.AddError(pod.error().message);
    End();
    return;
  }
  Write(
      life,
      {kube::Verb::kCreate, CollectionPath(kube::kPods, options_.ns), "", *pod, kube::Lane::kPods},
      &Lives::TakePod);
}

void Lives::TakePod(const Shared& life, const std::string&) {
  const api::EventText text{"Normal", "Scheduled", "attempt 1: 1 pod on " + NodeOf(*life)};
  Write(
      life,
      {kube::Verb::kCreate, CollectionPath(kube::kEvents, options_.ns), "",
       api::RenderEvent("Job", "scheduler.io/v1", life->job.meta, text, base::SystemClock().Now()),
       kube::Lane::kRest},
      &Lives::TakeEvent);
}

api::Condition Lives::True(const char* type) const {
  return {type, "True", type, "", base::SystemClock().Now(), 1};
}

void Lives::TakeEvent(const Shared& life, const std::string&) {
  api::JobStatus next = life->job.status;
  const base::TimePoint now = base::SystemClock().Now();
  next.observed_generation = 1;
  next.epoch = options_.epoch;
  next.attempt = 1;
  next.tenant = options_.tenant;
  next.priority = "normal";
  next.phase = "Running";
  next.ready = "1/1";
  next.nodes = NodeOf(*life);
  next.start_time = now;
  next.attempt_ready_at = now;
  next.tasks = {{life->job.spec.tasks[0].name, 1, "", ""}};
  next.conditions = {True("QuotaReserved"), True("Scheduled"), True("PodsReady")};
  api::Placement placement;
  placement.attempt = 1;
  placement.state = api::PlacementState::kMaterialised;
  placement.committed_at = now;
  placement.assignments = {{NodeOf(*life), life->job.meta.uid, next.tasks[0].name, "0"}};
  next.placement = std::move(placement);
  Write(life, StatusCall(life->job, next, kube::Lane::kRest), &Lives::TakeRunning);
}

void Lives::TakeRunning(const Shared& life, const std::string& body) {
  life->job = api::Decode<api::Job>(body);
  api::JobStatus next = life->job.status;
  next.placement.reset();
  next.phase = "Succeeded";
  next.completion_time = base::SystemClock().Now();
  next.tasks = {{life->job.spec.tasks[0].name, 0, "0", ""}};
  next.conditions.push_back(True("Complete"));
  Write(life, StatusCall(life->job, next, kube::Lane::kTerminal), &Lives::TakeSucceeded);
}

void Lives::TakeSucceeded(const Shared&, const std::string&) { End(); }

kube::Call Lives::StatusCall(const api::Job& job, const api::JobStatus& next,
                             kube::Lane lane) const {
  return {kube::Verb::kMergePatch, ObjectPath(kube::kJobs, options_.ns, job.meta.name, "status"),
          "", api::JobStatusPatch(job, next), lane};
}

}  // namespace

void LiveJobs(kube::Client& client, const Options& options, Tally& tally) {
  Lives(client, options, tally).Run();
}

}  // namespace muster::floor
