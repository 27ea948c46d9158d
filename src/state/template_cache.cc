#include "muster/state/template_cache.h"

#include <utility>

#include "muster/base/check.h"
#include "muster/base/hash.h"

namespace muster::state {

bool Describable(const Template& made) {
  if (!made.volumes.bound()) return false;
  if (made.state == TemplateState::kGood) return true;
  return made.state != TemplateState::kRefused && made.known && made.refusal.empty();
}

api::Labels CommonLabels(const api::Labels& labels) {
  api::Labels common = labels;
  for (const char* key : {api::kLabelJob, api::kLabelTask, api::kLabelIndex, api::kLabelAttempt,
                          api::kLabelTenant, api::kLabelFenced}) {
    common.erase(key);
  }
  return common;
}

std::string TemplateKey(const std::string& ns, const std::string& template_json,
                        const std::string& extra) {
  // Two independent 60-bit hashes: the text itself may be a mebibyte.
  return ns + "/" + base::HashText(template_json + '\n' + extra, 12) +
         base::HashText("2" + extra + template_json, 12) + std::to_string(template_json.size());
}

Template* TemplateCache::Acquire(const std::string& key, const std::string& ns, JobEntry& user) {
  Template& made = templates_[key];
  made.key = key;
  made.ns = ns;
  made.users.insert(&user);
  return &made;
}

void TemplateCache::Release(Template& made, JobEntry& user) {
  const auto it = made.users.find(&user);
  MUSTER_CHECK(it != made.users.end());
  made.users.erase(it);
  if (!made.users.empty()) return;
  ForgetClaims(made);
  templates_.erase(templates_.find(made.key));
}

void TemplateCache::SetNeeds(Template& made, api::PodNeeds needs) {
  ForgetClaims(made);
  made.needs = std::move(needs);
  for (const api::ClaimUse& use : made.needs.claims) {
    users_[made.ns + "/" + use.name].insert(made.key);
  }
}

void TemplateCache::ForgetClaims(const Template& made) {
  for (const api::ClaimUse& use : made.needs.claims) {
    const auto it = users_.find(made.ns + "/" + use.name);
    if (it == users_.end()) continue;
    it->second.erase(made.key);
    if (it->second.empty()) users_.erase(it);
  }
}

std::set<std::string> TemplateCache::UsersOf(const std::string& claim) const {
  const auto it = users_.find(claim);
  return it == users_.end() ? std::set<std::string>{} : it->second;
}

Template* TemplateCache::Find(const std::string& key) {
  const auto it = templates_.find(key);
  return it == templates_.end() ? nullptr : &it->second;
}

void TemplateCache::Inherit(const Template& from, Template& to) {
  if (!from.known || to.known) return;
  to.known = true;
  SetNeeds(to, from.needs);
  to.labels = from.labels;
  to.volumes = from.volumes;
  to.gpu_model = from.gpu_model;
  to.grace_seconds = from.grace_seconds;
  to.shape = from.shape;
  to.request = from.request;
  to.limits = from.limits;
}

void TemplateCache::Invalidate(const std::string& ns) {
  for (auto& [key, entry] : templates_) {
    if (ns.empty() || entry.ns == ns) {
      if (entry.state != TemplateState::kAsked) entry.state = TemplateState::kUnknown;
    }
  }
}

}  // namespace muster::state
