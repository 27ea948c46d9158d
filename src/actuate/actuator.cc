#include "muster/actuate/actuator.h"

#include <utility>

#include "muster/api/codec.h"
#include "muster/base/log.h"
#include "muster/kube/paths.h"

namespace muster::actuate {
namespace {

using kube::Call;
using kube::Lane;
using kube::ObjectPath;
using kube::Verb;

kube::Resource KindOf(const std::string& plural) {
  if (plural == "tenants") return kube::kTenants;
  if (plural == "resourcequotas") return kube::kResourceQuotas;
  if (plural == "workflows") return kube::kWorkflows;
  return kube::kJobs;
}

// The object, or the right to write it, is wrong: trying again does not help.
bool IsRefusal(base::Code code) {
  return code == base::Code::kForbidden || code == base::Code::kInvalid ||
         code == base::Code::kThrottled;  // the fence, a missing right, a server that stays busy
}

constexpr char kManager[] = "fieldManager=muster";

}  // namespace

Actuator::Actuator(kube::Client& client, const base::Clock& clock, Post post)
    : client_(client), clock_(clock), post_(std::move(post)) {}

void Actuator::Submit(Call call, Done done) {
  std::string what = std::string(ToString(call.verb)) + " " + call.path;
  if (call.query.find("dryRun") != std::string::npos) what += " (dry run)";
  client_.Submit(std::move(call), [post = post_, done = std::move(done),
                                   what = std::move(what)](base::Result<std::string> body) {
    if (!body.ok() && IsRefusal(body.error().code)) {
      base::LogWarn("write refused", {{"write", what}, {"error", body.error().message}});
    }
    post([done, body = std::move(body)] { done(body); });
  });
}

void Actuator::CreatePod(const std::string& ns, std::string json, bool dry_run, Done done) {
  Call call;
  call.verb = Verb::kCreate;
  call.path = CollectionPath(kube::kPods, ns);
  call.query = kManager;
  if (dry_run) call.query += "&dryRun=All&fieldValidation=Strict";
  call.body = std::move(json);
  call.lane = Lane::kPods;
  Submit(std::move(call), std::move(done));
}

void Actuator::DeletePod(const std::string& ns, const std::string& name, std::string options,
                         Done done) {
  Submit({Verb::kDelete, ObjectPath(kube::kPods, ns, name), "", std::move(options), Lane::kPods},
         std::move(done));
}

void Actuator::BindPod(const api::Pod& pod, const std::string& node, std::int64_t epoch,
                       bool borrowing, Done done) {
  Submit({Verb::kCreate, ObjectPath(kube::kPods, pod.meta.ns, pod.meta.name, "binding"), kManager,
          api::RenderBinding(pod, node, epoch, borrowing), Lane::kPods},
         std::move(done));
}

void Actuator::PatchPodStatus(const api::Pod& pod, std::string patch, Done done) {
  Submit({Verb::kMergePatch, ObjectPath(kube::kPods, pod.meta.ns, pod.meta.name, "status"),
          kManager, std::move(patch), Lane::kRest},
         std::move(done));
}

void Actuator::PatchStatus(const std::string& plural, const api::Meta& meta, std::string patch,
                           Lane lane, Done done) {
  Submit({Verb::kMergePatch, ObjectPath(KindOf(plural), meta.ns, meta.name, "status"), kManager,
          std::move(patch), lane},
         std::move(done));
}

void Actuator::CreateJob(const std::string& ns, std::string json, Done done) {
  Submit({Verb::kCreate, CollectionPath(kube::kJobs, ns), kManager, std::move(json), Lane::kRest},
         std::move(done));
}

void Actuator::DeleteJob(const api::Meta& meta, Done done) {
  Submit({Verb::kDelete, ObjectPath(kube::kJobs, meta.ns, meta.name), "",
          R"({"propagationPolicy":"Background","preconditions":{"uid":")" + meta.uid + "\"}}",
          Lane::kRest},
         std::move(done));
}

void Actuator::CreateService(const std::string& ns, std::string json, Done done) {
  Submit(
      {Verb::kCreate, CollectionPath(kube::kServices, ns), kManager, std::move(json), Lane::kPods},
      std::move(done));
}

void Actuator::EmitEvent(const std::string& kind, const api::Meta& meta,
                         const api::EventText& text) {
  const std::string version = kind == "Pod" ? "v1" : "scheduler.io/v1";
  // Events of cluster-scoped objects live in "default".
  const std::string ns = meta.ns.empty() ? "default" : meta.ns;
  Submit({Verb::kCreate, CollectionPath(kube::kEvents, ns), kManager,
          api::RenderEvent(kind, version, meta, text, clock_.Now()), Lane::kRest},
         [](const base::Result<std::string>&) {});
}

void Actuator::Read(const std::string& path, Done done) {
  Submit({Verb::kGet, path, "", "", Lane::kRest}, std::move(done));
}

void Actuator::FindPod(const std::string& ns, const std::string& name, Done done) {
  Submit({Verb::kGet, CollectionPath(kube::kPods, ns), "fieldSelector=metadata.name%3D" + name, "",
          Lane::kPods},
         std::move(done));
}

void Actuator::FindJob(const api::Meta& meta, Done done) {
  Submit({Verb::kGet, CollectionPath(kube::kJobs, meta.ns),
          "fieldSelector=metadata.name%3D" + meta.name, "", Lane::kCommit},
         std::move(done));
}

void Actuator::Apply(const std::string& path, std::string json, Done done) {
  Submit({Verb::kApply, path, std::string(kManager) + "&force=true", std::move(json), Lane::kRest},
         std::move(done));
}

void Actuator::Delete(const std::string& path, Done done) {
  // A second look, because a name alone may mean another object by now.
  Read(path, [this, path, done = std::move(done)](const base::Result<std::string>& answer) {
    if (!answer.ok()) {
      done(answer);
      return;
    }
    const std::string uid = api::Decode<api::Namespace>(*answer).meta.uid;  // of any kind
    Submit({Verb::kDelete, path, "", api::RenderDelete(uid, -1), Lane::kRest}, done);
  });
}

void Actuator::MergePatch(const std::string& path, std::string json, Done done) {
  Submit({Verb::kMergePatch, path, kManager, std::move(json), Lane::kRest}, std::move(done));
}

}  // namespace muster::actuate
