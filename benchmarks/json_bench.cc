// Decoding what the API server sends: one Job, one Pod, a LIST of 500 pods.  Bytes a second count
// the JSON text as it arrives, managedFields included.
#include <benchmark/benchmark.h>

#include <string>

#include "api_samples.h"
#include "muster/api/core.h"

namespace muster::api {
namespace {

constexpr char kManagedFields[] =
    R"("managedFields":[{"manager":"muster","operation":"Update","apiVersion":"v1",)"
    R"("time":"2026-03-01T10:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{)"
    R"("f:annotations":{".":{},"f:scheduler.io/epoch":{}},"f:labels":{".":{},)"
    R"("f:scheduler.io/attempt":{},"f:scheduler.io/index":{},"f:scheduler.io/job":{},)"
    R"("f:scheduler.io/task":{},"f:scheduler.io/tenant":{}},"f:ownerReferences":{".":{}}},)"
    R"("f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{},"f:name":{},)"
    R"("f:resources":{".":{},"f:limits":{".":{},"f:memory":{}},"f:requests":{".":{},)"
    R"("f:cpu":{},"f:memory":{}}}}},"f:nodeName":{},"f:restartPolicy":{}}}}])";

std::string JobJson() {
  return R"({"apiVersion":"scheduler.io/v1","kind":"Job","metadata":{"name":"train-17",)"
         R"("namespace":"vision","uid":"8a4e2f90-63a0-4df2-9e5b-0c9a0a2b1111",)"
         R"("resourceVersion":"123456","generation":1,)"
         R"("creationTimestamp":"2026-03-01T10:00:00Z",)" +
         std::string(kManagedFields) +
         R"(},"spec":{"image":"registry.example/train:1","command":["train","--epochs","3"],)"
         R"("replicas":16,"resources":{"cpu":"500m","memory":"4Gi","gpu":1},"priority":"normal",)"
         R"("retryPolicy":{"maxRetries":3,"backoff":"exponential"}},"status":{"phase":"Running",)"
         R"("epoch":4,"attempt":1,"tenant":"vision","priority":"normal","ready":"16/16",)"
         R"("nodes":"node-001, node-002","startTime":"2026-03-01T10:00:05Z",)"
         R"("placement":{"attempt":1,"revision":1,"state":"Materialised","assignments":[)"
         R"({"node":"node-001","nodeUID":"u1","task":"main","indexes":"0-7"},)"
         R"({"node":"node-002","nodeUID":"u2","task":"main","indexes":"8-15"}]},)"
         R"("conditions":[{"type":"Scheduled","status":"True","reason":"Scheduled",)"
         R"("message":"on node-001, node-002","lastTransitionTime":"2026-03-01T10:00:01Z"}]}})";
}

std::string RenderedPod() {
  return bench::RenderedPod(bench::DecodedJob(JobJson()), /*index=*/3, "node-001");
}

std::string PodJson() {
  return bench::ServedPod(
      RenderedPod(), R"("uid":"0d6a3a58-0d7b-4b0c-8f65-000000000001","resourceVersion":"123999",)" +
                         std::string(kManagedFields));
}

std::string PodListJson(std::int64_t count) {
  std::string list = R"({"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[)";
  const std::string pod = PodJson();
  for (std::int64_t i = 0; i < count; ++i) list += (i == 0 ? "" : ",") + pod;
  return list + "]}";
}

void Count(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void DecodeJob(benchmark::State& state) {
  const std::string json = JobJson();
  for (auto _ : state) benchmark::DoNotOptimize(Decode<Job>(json));
  Count(state, json.size());
}
BENCHMARK(DecodeJob);

void DecodePod(benchmark::State& state) {
  const std::string json = PodJson();
  MUSTER_CHECK(Decode<Pod>(json).invalid.empty());
  for (auto _ : state) benchmark::DoNotOptimize(Decode<Pod>(json));
  Count(state, json.size());
}
BENCHMARK(DecodePod);

void DecodePodList(benchmark::State& state) {
  const std::string json = PodListJson(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(DecodeList<Pod>(json));
  Count(state, json.size());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(DecodePodList)->Arg(500)->Unit(benchmark::kMillisecond);

void RenderOnePod(benchmark::State& state) {
  const Job job = bench::DecodedJob(JobJson());
  PodContext context;
  context.job = &job;
  context.attempt = 1;
  context.epoch = 4;
  context.tenant = "vision";
  for (auto _ : state) {
    benchmark::DoNotOptimize(RenderPod(context, job.spec.tasks[0], 3, "node-001"));
  }
}
BENCHMARK(RenderOnePod);

void PatchOfRunning(benchmark::State& state) {
  const Job job = bench::DecodedJob(JobJson());
  JobStatus next = job.status;
  next.phase = "Succeeded";
  next.placement.reset();
  for (auto _ : state) benchmark::DoNotOptimize(JobStatusPatch(job, next));
}
BENCHMARK(PatchOfRunning);

}  // namespace
}  // namespace muster::api
