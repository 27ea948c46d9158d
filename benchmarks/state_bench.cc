// What the operator keeps in memory for each object, and what taking one in costs: JSON as the API
// server sends it, decoded, put into the ClusterState and folded into the World.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <string>

#include "api_samples.h"
#include "muster/api/core.h"
#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

constexpr int kNodes = 1'000;
constexpr int kObjects = 10'000;

std::size_t InUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::string Uid(const char* kind, int i) {
  return std::string(kind) + "0d6a3a-0d7b-4b0c-8f65-" + std::to_string(100'000'000'000 + i);
}

std::string NodeName(int i) { return "node-" + std::to_string(1'000'000 + i % kNodes); }
std::string JobName(int i) { return "train-" + std::to_string(1'000'000 + i); }

std::string MetaJson(const std::string& name, const std::string& uid, int i) {
  return R"("metadata":{"name":")" + name + R"(","namespace":"vision","uid":")" + uid +
         R"(","resourceVersion":")" + std::to_string(1'000'000 + i) +
         R"(","generation":1,"creationTimestamp":"2026-03-01T10:00:00Z",)"
         R"("annotations":{"scheduler.io/user":"ann@example.org"}})";
}

std::string SpecJson() {
  return R"("spec":{"image":"registry.example/train:1","command":["train","--epochs","3"],)"
         R"("replicas":1,"resources":{"cpu":"3","memory":"4Gi"},)"
         R"("retryPolicy":{"maxRetries":3,"backoff":"exponential"}})";
}

std::string WaitingJson(int i) {
  return "{" + MetaJson(JobName(i), Uid("a", i), i) + "," + SpecJson() +
         R"(,"status":{"phase":"Pending","epoch":4,"observedGeneration":1,"tenant":"vision",)"
         R"("priority":"normal","reason":"InsufficientResources","ready":"0/1",)"
         R"("message":"needs 1 x cpu 3; 0/1000 nodes fit: 1000 insufficient cpu",)"
         R"("pendingSince":"2026-03-01T10:00:00Z",)"
         R"("conditions":[{"type":"Scheduled","status":"False","reason":"InsufficientResources",)"
         R"("message":"needs 1 x cpu 3; 0/1000 nodes fit: 1000 insufficient cpu",)"
         R"("lastTransitionTime":"2026-03-01T10:00:01Z","observedGeneration":1}]}})";
}

std::string RunningJson(int i) {
  return "{" + MetaJson(JobName(i), Uid("a", i), i) + "," + SpecJson() +
         R"(,"status":{"phase":"Running","epoch":4,"attempt":1,"observedGeneration":1,)"
         R"("tenant":"vision","priority":"normal","ready":"1/1","nodes":")" +
         NodeName(i) +
         R"(","startTime":"2026-03-01T10:00:05Z","attemptReadyAt":"2026-03-01T10:00:05Z",)"
         R"("pendingSince":"2026-03-01T10:00:00Z",)"
         R"("placement":{"attempt":1,"revision":1,"state":"Materialised",)"
         R"("committedAt":"2026-03-01T10:00:05Z","assignments":[{"node":")" +
         NodeName(i) + R"(","nodeUID":")" + Uid("b", i % kNodes) +
         R"(","task":"main","indexes":"0"}]},"tasks":[{"name":"main","ready":1}],)"
         R"("conditions":[{"type":"Scheduled","status":"True","reason":"Scheduled",)"
         R"("message":"on )" +
         NodeName(i) +
         R"(","lastTransitionTime":"2026-03-01T10:00:01Z","observedGeneration":1},)"
         R"({"type":"Running","status":"True","reason":"Started","message":"all pods are ready",)"
         R"("lastTransitionTime":"2026-03-01T10:00:05Z","observedGeneration":1}]}})";
}

std::string PodJson(int i) {
  const std::string pod =
      bench::RenderedPod(bench::DecodedJob(RunningJson(i)), /*index=*/0, NodeName(i));
  return bench::ServedPod(pod, R"("uid":")" + Uid("c", i) + R"(","resourceVersion":")" +
                                   std::to_string(2'000'000 + i) + "\"");
}

std::string NodeJson(int i) {
  const std::string name = NodeName(i);
  return R"({"metadata":{"name":")" + name + R"(","uid":")" + Uid("b", i) +
         R"(","resourceVersion":"7","labels":{"kubernetes.io/hostname":")" + name +
         R"(","kubernetes.io/arch":"amd64","topology.kubernetes.io/zone":"zone-1",)"
         R"("nvidia.com/gpu.product":"H100","topology.scheduler.io/rack":"rack-17",)"
         R"("topology.scheduler.io/block":"block-3"}},"spec":{},"status":{"allocatable":{)"
         R"("cpu":"32","memory":"256Gi","nvidia.com/gpu":"8","pods":"110"},)"
         R"("conditions":[{"type":"Ready","status":"True"}]}})";
}

struct Cluster {
  explicit Cluster(benchmark::State& state) : cluster({}, base::SystemClock()) {
    const std::size_t before = InUse();
    for (int i = 0; i < kNodes; ++i) cluster.Upsert(api::Decode<api::Node>(NodeJson(i)));
    cluster.TakeDirty();
    state.counters["bytes/node"] = static_cast<double>(InUse() - before) / kNodes;
  }

  void TakeIn(const std::string& json) {
    api::Job job = api::Decode<api::Job>(json);
    const std::string key = api::KeyOf(job.meta);
    cluster.Upsert(std::move(job));
    JobEntry& entry = *cluster.FindJob(key);
    Template& made = *entry.templates[0];
    if (!made.known) {
      api::Pod answer;
      answer.needs.requests = {{"cpu", 3000}, {"memory", std::int64_t{4} << 30}};
      cluster.DescribeTemplate(made, "", answer);
    }
    cluster.FoldJob(entry, true);
    cluster.TakeDirty();
  }

  ClusterState cluster;
};

using Maker = std::string (*)(int);

// `kObjects` of a kind; bytes are what is still allocated when all are in.
void Jobs(benchmark::State& state, Maker job, bool pods) {
  for (auto _ : state) {
    state.PauseTiming();
    {
      Cluster house(state);
      const std::size_t before = InUse();
      state.ResumeTiming();
      for (int i = 0; i < kObjects; ++i) house.TakeIn(job(i));
      state.PauseTiming();
      const std::size_t between = InUse();
      state.counters["bytes/job"] = static_cast<double>(between - before) / kObjects;
      state.ResumeTiming();
      for (int i = 0; pods && i < kObjects; ++i) {
        house.cluster.Upsert(api::Decode<api::Pod>(PodJson(i)));
        house.cluster.TakeDirty();
      }
      state.PauseTiming();
      if (pods) {
        state.counters["bytes/pod"] = static_cast<double>(InUse() - between) / kObjects;
      }
    }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kObjects * (pods ? 2 : 1));
}
BENCHMARK_CAPTURE(Jobs, Waiting, WaitingJson, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Jobs, RunningWithPod, RunningJson, true)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::state
