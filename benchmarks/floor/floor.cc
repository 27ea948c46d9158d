#include "floor/floor.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "muster/api/codec.h"
#include "muster/api/core.h"
#include "muster/api/render.h"
#include "muster/base/check.h"
#include "muster/kube/paths.h"

namespace muster::floor {
namespace {

using base::Result;

constexpr std::int64_t kListTimeoutMs = 60'000;
constexpr char kManager[] = "fieldManager=muster";

Result<std::string> List(kube::Client& client, const std::string& path) {
  kube::Call call;
  call.path = path;
  call.timeout_ms = kListTimeoutMs;
  return client.Do(std::move(call));
}

kube::Call Create(std::string path, std::string body) {
  kube::Call call;
  call.verb = kube::Verb::kCreate;
  call.path = std::move(path);
  call.query = kManager;
  call.body = std::move(body);
  call.lane = kube::Lane::kPods;
  call.timeout_ms = 30'000;
  return call;
}

void Drain(kube::Client& client) {
  while (!client.WaitIdle(1'000)) {
  }
}

}  // namespace

void Tally::Add(const Result<std::string>& answer) {
  if (answer.ok()) {
    ++ok_;
  } else {
    AddError(answer.error().message);
  }
}

void Tally::AddError(const std::string& message) {
  ++failed_;
  base::Lock lock(mutex_);
  if (first_error_.empty()) first_error_ = message;
}

std::string Tally::first_error() const {
  base::Lock lock(mutex_);
  return first_error_;
}

std::string ReadBody(const std::string& path) {
  std::ifstream file(path);
  MUSTER_CHECK(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string NamedBody(const std::string& body, const Options& options, int i) {
  static const std::string mark = "@NAME@";
  const std::size_t at = body.find(mark);
  MUSTER_CHECK(at != std::string::npos);
  std::string named = body;
  return named.replace(at, mark.size(), options.prefix + "-" + std::to_string(i));
}

std::vector<std::string> NodeNames(kube::Client& client) {
  std::vector<std::string> names;
  const Result<std::string> body = List(client, CollectionPath(kube::kNodes));
  MUSTER_CHECK(body.ok());
  for (const api::Node& node : api::DecodeList<api::Node>(*body)) names.push_back(node.meta.name);
  MUSTER_CHECK(!names.empty());
  return names;
}

void Pace(std::int64_t begin_ms, int i, double rate) {
  if (rate <= 0) return;
  const auto due = begin_ms + static_cast<std::int64_t>(i * 1000.0 / rate);
  base::Mutex mutex;
  base::CondVar never;
  base::Lock lock(mutex);
  while (base::SystemClock().BootMs() < due) base::SystemClock().Wait(never, mutex, due);
}

Result<std::string> PodOf(const api::Job& job, const Options& options, std::int32_t task,
                          std::int32_t index, const std::string& node) {
  api::PodContext context;
  context.job = &job;
  context.attempt = 1;
  context.epoch = options.epoch;
  context.tenant = options.tenant;
  return api::RenderPod(context, job.spec.tasks[task], index, node);
}

void CreateJobs(kube::Client& client, const Options& options, Tally& tally) {
  const std::string body = ReadBody(options.body_file);
  const std::string path = CollectionPath(kube::kJobs, options.ns);
  const std::int64_t begin = base::SystemClock().BootMs();
  for (int i = 0; i < options.count; ++i) {
    Pace(begin, i, options.rate);
    client.Submit(Create(path, NamedBody(body, options, i)),
                  [&tally](const Result<std::string>& answer) { tally.Add(answer); });
  }
  Drain(client);
}

void CreatePods(kube::Client& client, const Options& options, Tally& tally) {
  const std::vector<std::string> nodes = NodeNames(client);
  const Result<std::string> listed = List(client, CollectionPath(kube::kJobs, options.ns));
  if (!listed.ok()) return tally.AddError(listed.error().message);
  std::vector<std::string> pods;
  for (const api::Job& job : api::DecodeList<api::Job>(*listed)) {
    for (std::size_t task = 0; task < job.spec.tasks.size(); ++task) {
      for (std::int32_t index = 0; index < job.spec.tasks[task].replicas; ++index) {
        const auto pod = PodOf(job, options, static_cast<std::int32_t>(task), index,
                               nodes[pods.size() % nodes.size()]);
        if (!pod.ok()) return tally.AddError(pod.error().message);
        pods.push_back(*pod);
      }
    }
  }
  const std::string path = CollectionPath(kube::kPods, options.ns);
  for (std::string& pod : pods) {
    client.Submit(Create(path, std::move(pod)),
                  [&tally](const Result<std::string>& answer) { tally.Add(answer); });
  }
  Drain(client);
}

}  // namespace muster::floor
