#include "muster/state/volumes.h"

#include <algorithm>
#include <utility>

namespace muster::state {
namespace {

// Puts it in the place of what was known under its name.
template <class T>
void Keep(std::map<std::string, T>& known, const std::string& key, T object) {
  known.insert_or_assign(key, std::move(object));
}

// Whether it was there; one that has been made anew under the same name stays.
template <class T>
bool Drop(std::map<std::string, T>& known, const std::string& key, const api::Meta& gone) {
  const auto it = known.find(key);
  if (it == known.end() || it->second.meta.uid != gone.uid) return false;
  known.erase(it);
  return true;
}

bool Bound(const api::PersistentVolumeClaim& claim) {
  return !claim.volume_name.empty() && claim.phase == "Bound";
}

}  // namespace

// ---- What is known ----

std::set<std::string> Volumes::Set(api::PersistentVolumeClaim claim) {
  const std::string key = api::KeyOf(claim.meta);
  if (const auto it = claims_.find(key); it != claims_.end()) Forget(it->second);
  if (!claim.volume_name.empty()) claims_of_[claim.volume_name].insert(key);
  Keep(claims_, key, std::move(claim));
  return {key};
}

std::set<std::string> Volumes::Erase(const api::PersistentVolumeClaim& claim) {
  const std::string key = api::KeyOf(claim.meta);
  const auto it = claims_.find(key);
  if (it == claims_.end() || it->second.meta.uid != claim.meta.uid) return {};
  Forget(it->second);
  claims_.erase(it);
  return {key};
}

void Volumes::Forget(const api::PersistentVolumeClaim& claim) {
  const auto it = claims_of_.find(claim.volume_name);
  if (it == claims_of_.end()) return;
  it->second.erase(api::KeyOf(claim.meta));
  if (it->second.empty()) claims_of_.erase(it);
}

std::set<std::string> Volumes::ClaimsOf(const std::string& volume) const {
  const auto it = claims_of_.find(volume);
  return it == claims_of_.end() ? std::set<std::string>{} : it->second;
}

std::set<std::string> Volumes::Set(api::PersistentVolume volume) {
  const std::string name = volume.meta.name;
  Keep(volumes_, name, std::move(volume));
  return ClaimsOf(name);
}

std::set<std::string> Volumes::Erase(const api::PersistentVolume& volume) {
  if (!Drop(volumes_, volume.meta.name, volume.meta)) return {};
  return ClaimsOf(volume.meta.name);
}

// Classes change once in a long while: all claims are looked through.
std::set<std::string> Volumes::UnboundClaimsOf(const std::string& storage_class) const {
  std::set<std::string> keys;
  for (const auto& [key, claim] : claims_) {
    const bool of_it = !claim.storage_class || *claim.storage_class == storage_class;
    if (of_it && !Bound(claim)) keys.insert(key);
  }
  return keys;
}

std::set<std::string> Volumes::Set(api::StorageClass storage_class) {
  const std::string name = storage_class.meta.name;
  Keep(classes_, name, std::move(storage_class));
  return UnboundClaimsOf(name);
}

std::set<std::string> Volumes::Erase(const api::StorageClass& storage_class) {
  if (!Drop(classes_, storage_class.meta.name, storage_class.meta)) return {};
  return UnboundClaimsOf(storage_class.meta.name);
}

// ---- What it means ----

// The newest of several defaults, as in the API server's own choice.
const api::StorageClass* Volumes::ClassOf(const api::PersistentVolumeClaim& claim) const {
  if (claim.storage_class) {
    const auto it = classes_.find(*claim.storage_class);
    return it == classes_.end() ? nullptr : &it->second;
  }
  const api::StorageClass* newest = nullptr;
  for (const auto& [name, found] : classes_) {
    if (!found.is_default) continue;
    if (newest == nullptr || found.meta.created > newest->meta.created) newest = &found;
  }
  return newest;
}

Volumes::Trouble Volumes::WhyNotBound(const api::PersistentVolumeClaim& claim) const {
  if (!claim.volume_name.empty()) {
    return {"is not bound yet: spec.volumeName asks for PersistentVolume " + claim.volume_name};
  }
  const api::StorageClass* found = ClassOf(claim);
  if (found != nullptr && found->waits_for_consumer) {
    return {"waits for its first consumer (StorageClass " + found->meta.name +
                " has volumeBindingMode WaitForFirstConsumer), which Muster does not serve yet: "
                "bind it first or use a class with Immediate",
            true};
  }
  if (found != nullptr) return {"is not bound yet (StorageClass " + found->meta.name + ")"};
  if (!claim.storage_class) {
    return {"is not bound: it names no StorageClass, and none is the default"};
  }
  if (claim.storage_class->empty()) {
    return {"is not bound yet: without a StorageClass it needs a PersistentVolume that fits it"};
  }
  return {"is not bound: StorageClass " + *claim.storage_class + " does not exist"};
}

// Of a claim that is bound.
std::string Volumes::WhyNotUsable(const api::PersistentVolumeClaim& claim) const {
  const std::string name = "PersistentVolume " + claim.volume_name;
  const auto it = volumes_.find(claim.volume_name);
  if (it == volumes_.end()) return "is bound to " + name + ", which does not exist";
  const api::PersistentVolume& volume = it->second;
  if (!volume.invalid.empty()) return "is bound to " + name + ", whose " + volume.invalid;
  const bool same = volume.claim == api::KeyOf(claim.meta) &&
                    (volume.claim_uid.empty() || volume.claim_uid == claim.meta.uid);
  if (same) return "";
  return "is bound to " + name + ", which " +
         (volume.claim.empty() ? "is free" : "belongs to another claim " + volume.claim);
}

Volumes::Trouble Volumes::WhyNot(const std::string& key, const std::string& name) const {
  const std::string who = "claim " + name + " ";
  const auto it = claims_.find(key);
  if (it == claims_.end()) return {who + "does not exist"};
  const api::PersistentVolumeClaim& claim = it->second;
  if (!claim.invalid.empty()) return {who + "cannot be read: " + claim.invalid};
  if (claim.meta.deletion.unix_ms != 0) return {who + "is being deleted"};
  if (claim.phase == "Lost") {
    return {who + "has lost its PersistentVolume " + claim.volume_name};
  }
  if (!Bound(claim)) {
    const Trouble why = WhyNotBound(claim);
    return {who + why.text, why.refused};
  }
  const std::string unusable = WhyNotUsable(claim);
  return {unusable.empty() ? "" : who + unusable};
}

PodVolumes Volumes::Judge(const std::string& ns, const api::PodNeeds& needs) const {
  PodVolumes out;
  for (const api::ClaimUse& use : needs.claims) {
    const std::string key = ns + "/" + use.name;
    const Trouble trouble = WhyNot(key, use.name);
    if (trouble.text.empty()) {
      const auto& terms = volumes_.at(claims_.at(key).volume_name).required_terms;
      if (!terms.empty()) out.affinity.push_back(terms);
      continue;
    }
    std::string& sentence = trouble.refused ? out.refusal : out.wait;
    if (sentence.empty()) sentence = use.field + ": " + trouble.text;
  }
  return out;
}

}  // namespace muster::state
