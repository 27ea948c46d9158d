// What the API server makes of a pod template: the dry-run answer, one a namespace and template.
// Jobs share entries; an entry goes when its last job goes.
//
// Threads: owned by the ClusterState's one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/api/core.h"
#include "muster/sched/types.h"
#include "muster/state/peers.h"
#include "muster/state/volumes.h"

namespace muster::state {

enum class TemplateState {
  kUnknown,  // a dry run is to be asked for
  kAsked,    // in flight
  kGood,
  kRefused,  // until the template, the tenant or a LimitRange changes, or it is asked again
  kQuota,    // "exceeded quota", or no answer about it: asked again later
};

struct JobEntry;

struct Template {
  TemplateState state = TemplateState::kUnknown;
  bool known = false;  // `needs` and what follows are of an answer, perhaps of an older one
  std::string key;     // in the cache
  std::string ns;
  std::string refusal;              // with kRefused and kQuota: the API server's words
  api::PodNeeds needs;              // with kGood: what is scheduled and counted
  api::Labels labels;               // of its pods, those apart that say which pod it is
  PodVolumes volumes;               // what the claims among them mean now
  std::string gpu_model;            // that its jobs want; empty: any
  std::int64_t grace_seconds = 30;  // terminationGracePeriodSeconds of the answer
  sched::ShapeId shape;             // with kGood and its claims bound
  sched::Amounts request;           // with kGood
  sched::Amounts limits;
  std::multiset<JobEntry*> users;  // once for each task
  std::int64_t retry_at_ms = 0;    // with kQuota and kRefused; 0: not by time
  std::int32_t failures = 0;       // dry runs in a row without a good answer
  std::string trouble;  // what came last instead of an answer about it; empty: there was one
  std::int64_t trouble_since_ms = 0;  // BootMs of the first such in a row
};

// Whether it can be described to the scheduler: its claims are bound, and there is an answer, while
// a new one is awaited an older one.  Nothing is committed on an older one.
bool Describable(const Template& made);

// Labels that all pods of a template have: all but those of ours, which say what pod it is.
api::Labels CommonLabels(const api::Labels& labels);

// Key of a template: namespace, the template itself, and what rendering adds that is not the job's
// own name.
std::string TemplateKey(const std::string& ns, const std::string& template_json,
                        const std::string& extra);

class TemplateCache {
 public:
  // Adds a task of `user`; the Template is there until the last one is gone.
  Template* Acquire(const std::string& key, const std::string& ns, JobEntry& user);
  void Release(Template& made, JobEntry& user);
  Template* Find(const std::string& key);
  // Takes in an answer's needs.
  void SetNeeds(Template& made, api::PodNeeds needs);
  // Keys of the templates that use a claim (namespace/name).
  std::set<std::string> UsersOf(const std::string& claim) const;
  // Until `to` has its own answer, that of `from` describes it.
  void Inherit(const Template& from, Template& to);
  // Asks anew for every template of the namespace ("" for all); the old answers stay in force for
  // what runs.
  void Invalidate(const std::string& ns);
  std::size_t size() const { return templates_.size(); }

 private:
  void ForgetClaims(const Template& made);

  std::map<std::string, Template> templates_;
  std::map<std::string, std::set<std::string>> users_;  // claim -> keys of templates
};

}  // namespace muster::state
