// What the API server sends, for benchmarks.
#pragma once

#include <string>
#include <utility>

#include "muster/api/codec.h"
#include "muster/api/job.h"
#include "muster/api/render.h"
#include "muster/base/check.h"

namespace muster::bench {

// A valid job with one task.
inline api::Job DecodedJob(const std::string& json) {
  api::Job job = api::Decode<api::Job>(json);
  MUSTER_CHECK(job.invalid.empty() && job.spec.tasks.size() == 1);
  return job;
}

// The pod of one index of the job's only task, as we create it.
inline std::string RenderedPod(const api::Job& job, std::int32_t index, const std::string& node) {
  api::PodContext context;
  context.job = &job;
  context.attempt = 1;
  context.epoch = 4;
  context.tenant = "vision";
  auto pod = api::RenderPod(context, job.spec.tasks[0], index, node);
  MUSTER_CHECK(pod.ok());
  return *std::move(pod);
}

// The same as it comes back, once it runs: `meta` is what the API server adds to the metadata.
inline std::string ServedPod(std::string pod, const std::string& meta) {
  const std::string mark = "\"metadata\":{";
  pod.insert(pod.find(mark) + mark.size(),
             R"("creationTimestamp":"2026-03-01T10:00:02Z",)" + meta + ",");
  pod.pop_back();
  return pod + R"(,"status":{"phase":"Running","startTime":"2026-03-01T10:00:03Z",)"
               R"("conditions":[{"type":"Ready","status":"True",)"
               R"("lastTransitionTime":"2026-03-01T10:00:03Z"}],"containerStatuses":[{)"
               R"("name":"main","ready":true,"restartCount":0,"state":{"running":{)"
               R"("startedAt":"2026-03-01T10:00:03Z"}}}]}})";
}

}  // namespace muster::bench
