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

std::string TemplateKey(const std::string& ns, const std::string& template_json,
                        const std::string& extra) {
  // Two independent 60-bit hashes: the text itself may be a mebibyte.
  return ns + "/" + base::HashText(template_json + '\n' + extra, 12) +
         base::HashText("2" + extra + template_json, 12) + std::to_string(template_json.size());
}

Template& TemplateCache::Acquire(const std::string& key, const std::string& ns) {
  Template& entry = templates_[key];
  entry.ns = ns;
  ++entry.users;
  return entry;
}

void TemplateCache::Release(const std::string& key) {
  const auto it = templates_.find(key);
  MUSTER_CHECK(it != templates_.end() && it->second.users > 0);
  if (--it->second.users > 0) return;
  ForgetClaims(key, it->second);
  templates_.erase(it);
}

void TemplateCache::SetNeeds(const std::string& key, api::PodNeeds needs) {
  Template& made = templates_.at(key);
  ForgetClaims(key, made);
  made.needs = std::move(needs);
  for (const api::ClaimUse& use : made.needs.claims) users_[made.ns + "/" + use.name].insert(key);
}

void TemplateCache::ForgetClaims(const std::string& key, const Template& made) {
  for (const api::ClaimUse& use : made.needs.claims) {
    const auto it = users_.find(made.ns + "/" + use.name);
    if (it == users_.end()) continue;
    it->second.erase(key);
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

void TemplateCache::Inherit(const std::string& from, const std::string& to) {
  const Template* old = Find(from);
  Template* made = Find(to);
  if (old == nullptr || made == nullptr || !old->known || made->known) return;
  made->known = true;
  SetNeeds(to, old->needs);
  made->volumes = old->volumes;
  made->gpu_model = old->gpu_model;
  made->grace_seconds = old->grace_seconds;
  made->shape = old->shape;
  made->request = old->request;
  made->limits = old->limits;
}

void TemplateCache::Invalidate(const std::string& ns) {
  for (auto& [key, entry] : templates_) {
    if (ns.empty() || entry.ns == ns) {
      if (entry.state != TemplateState::kAsked) entry.state = TemplateState::kUnknown;
    }
  }
}

}  // namespace muster::state
