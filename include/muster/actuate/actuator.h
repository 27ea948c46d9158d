// Decisions as API verbs.  Every write of the controllers goes through here: it chooses path, lane
// and preconditions, and brings the answer back to the owner thread.  So do the few reads that find
// out what became of a write.
//
// Threads: called on the owner thread; `done` runs there too (through `post`).
#pragma once

#include <functional>
#include <string>

#include "muster/api/render.h"
#include "muster/base/result.h"
#include "muster/kube/client.h"

namespace muster::actuate {

// Runs a closure on the owner thread, soon.  Safe from any thread.
using Post = std::function<void(std::function<void()>)>;
using Done = std::function<void(base::Result<std::string> body)>;

class Actuator {
 public:
  Actuator(kube::Client& client, const base::Clock& clock, Post post);

  // Pods.  `dry_run` asks what the API server would make of it (fieldValidation=Strict).
  void CreatePod(const std::string& ns, std::string json, bool dry_run, Done done);
  void DeletePod(const std::string& ns, const std::string& name, std::string options, Done done);
  void BindPod(const api::Pod& pod, const std::string& node, std::int64_t epoch, bool borrowing,
               Done done);
  void PatchPodStatus(const api::Pod& pod, std::string patch, Done done);

  // Our kinds: `plural` is jobs, workflows, tenants or resourcequotas; ns "" for cluster scope.
  void PatchStatus(const std::string& plural, const api::Meta& meta, std::string patch,
                   kube::Lane lane, Done done);
  void CreateJob(const std::string& ns, std::string json, Done done);
  void DeleteJob(const api::Meta& meta, Done done);

  void CreateService(const std::string& ns, std::string json, Done done);
  void Read(const std::string& path, Done done);
  // Fire and forget: one that is lost is not retried.
  void EmitEvent(const std::string& kind, const api::Meta& meta, const api::EventText& text);

  // What has become of a write whose answer did not come: a LIST of this one name, from what the
  // API server has agreed on.  Empty: it is not there.
  void FindPod(const std::string& ns, const std::string& name, Done done);
  void FindJob(const api::Meta& meta, Done done);

  // Anything else a controller keeps in shape: server-side apply of one object, or its deletion.
  void Apply(const std::string& path, std::string json, Done done);
  void Delete(const std::string& path, Done done);  // of the object that has the name now, by UID
  void MergePatch(const std::string& path, std::string json, Done done);

 private:
  void Submit(kube::Call call, Done done);

  kube::Client& client_;
  const base::Clock& clock_;
  Post post_;
};

}  // namespace muster::actuate
