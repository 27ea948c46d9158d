#include "muster/state/template_cache.h"

#include "muster/base/check.h"
#include "muster/base/hash.h"

namespace muster::state {

bool Describable(const Template& made) {
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
  if (--it->second.users == 0) templates_.erase(it);
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
  made->needs = old->needs;
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
