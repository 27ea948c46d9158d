// Required pod affinity, anti-affinity and topology spread into the World: who is in which set, who
// avoids, joins or spreads which.  What is on a node uses its sets, and so does what the scheduler
// may place; a set that nobody used before costs one pass over the pods and the jobs.
#include <algorithm>
#include <utility>

#include "muster/state/cluster_state.h"

namespace muster::state {
namespace {

// Sets out of use that pods may still be counted in, beside as many as are in use.
constexpr std::size_t kMostGone = 256;

// What the template leaves open: the labels that say what pod it is.
api::Labels LabelsOf(const JobEntry& entry, const Template& made, std::int32_t task,
                     const std::string& tenant) {
  api::Labels labels = made.labels;
  const std::int32_t attempt =
      entry.placement ? entry.placement->attempt : entry.job.status.attempt + 1;
  labels[api::kLabelJob] = entry.job.meta.name;
  labels[api::kLabelTask] = entry.job.spec.tasks[task].name;
  labels[api::kLabelAttempt] = std::to_string(attempt);
  labels[api::kLabelTenant] = tenant;
  labels[api::kLabelFenced] = "true";
  return labels;
}

// The template is that of the first job that asked; of its own labels each job has its own values.
void PutOwnValues(api::PodTerm& term, const api::Labels& labels) {
  if (!term.selector) return;
  for (api::LabelRequirement& wanted : *term.selector) {
    const auto& own = term.own_keys;
    if (std::find(own.begin(), own.end(), wanted.key) == own.end()) continue;
    const auto label = labels.find(wanted.key);
    if (label != labels.end()) wanted.values = {label->second};
  }
}

// Which API servers before 1.34 leave out (PodSpread).
void AddOwnValues(api::PodTerm& term, const api::Labels& labels) {
  if (!term.selector) return;
  PutOwnValues(term, labels);
  api::LabelSelector& selector = *term.selector;
  for (const std::string& key : term.own_keys) {
    const auto label = labels.find(key);
    const bool named =
        std::any_of(selector.begin(), selector.end(),
                    [&](const api::LabelRequirement& wanted) { return wanted.key == key; });
    if (label != labels.end() && !named) selector.push_back({key, "In", {label->second}});
  }
}

api::PodTerms TermsOf(const api::PodTerms& terms, const api::Labels& labels) {
  api::PodTerms out = terms;
  for (api::PodTerm& term : out.affinity) PutOwnValues(term, labels);
  for (api::PodTerm& term : out.anti_affinity) PutOwnValues(term, labels);
  for (api::PodSpread& spread : out.spreads) AddOwnValues(spread.term, labels);
  return out;
}

// Spread is nothing to those that are there, so it matters only of pods that may be ours to place;
// and what has asked for its sets goes on asking, so that they are not counted anew all the time.
// `own`: for what is not as the pod has it.
const api::PodTerms* TermsOf(const api::Pod& pod, api::PodTerms& own) {
  const api::PodTerms* terms = pod.needs.terms.get();
  if (terms == nullptr || terms->spreads.empty()) return terms;
  own = *terms;
  if (pod.scheduler_name != api::kSchedulerName) own.spreads.clear();
  for (api::PodSpread& spread : own.spreads) AddOwnValues(spread.term, pod.meta.labels);
  return &own;
}

sched::Ties BuildTies(const Peers& peers, const PeerView& pod, const api::PodTerms* terms) {
  sched::Ties ties;
  for (std::string& name : peers.SetsOf(pod)) {
    ties.push_back({sched::TieKind::kIsIn, std::move(name), ""});
  }
  if (terms != nullptr) {
    for (const api::PodTerm& term : terms->anti_affinity) {
      ties.push_back(
          {sched::TieKind::kAvoids, BuildPeerSet({term}, pod.ns).name, term.topology_key});
    }
    if (!terms->affinity.empty()) {
      const std::string all = BuildPeerSet(terms->affinity, pod.ns).name;
      for (const api::PodTerm& term : terms->affinity) {
        ties.push_back({sched::TieKind::kJoins, all, term.topology_key});
      }
    }
    for (const auto& [term, max_skew, min_domains] : terms->spreads) {
      ties.push_back({sched::TieKind::kSpreads, BuildPeerSet({term}, pod.ns).name,
                      term.topology_key, max_skew, min_domains});
    }
  }
  std::sort(ties.begin(), ties.end());
  ties.erase(std::unique(ties.begin(), ties.end()), ties.end());
  return ties;
}

void AddPeerSets(const api::PodTerms& terms, const std::string& ns, std::vector<PeerSet>& sets) {
  for (const api::PodTerm& term : terms.anti_affinity) sets.push_back(BuildPeerSet({term}, ns));
  if (!terms.affinity.empty()) sets.push_back(BuildPeerSet(terms.affinity, ns));
  for (const api::PodSpread& spread : terms.spreads) {
    sets.push_back(BuildPeerSet({spread.term}, ns));
  }
}

}  // namespace

const api::Labels& ClusterState::LabelsOfNamespace(const std::string& ns) const {
  static const api::Labels none;
  const auto it = namespaces_.find(ns);
  return it == namespaces_.end() ? none : it->second.meta.labels;
}

sched::Ties ClusterState::TiesOfPod(const api::Pod& pod) const {
  api::PodTerms own;
  const api::PodTerms* terms = TermsOf(pod, own);
  if (terms == nullptr && peers_.empty()) return {};
  return BuildTies(peers_, {pod.meta.ns, pod.meta.labels, LabelsOfNamespace(pod.meta.ns)}, terms);
}

sched::Ties ClusterState::TiesOfTask(const JobEntry& entry, std::int32_t task) const {
  return TiesOfSlot(entry, {task, -1});
}

// Without an index: of any pod of the task.
sched::Ties ClusterState::TiesOfSlot(const JobEntry& entry, const Slot& slot) const {
  const Template* made = TemplateOf(entry, slot.task);
  if (made == nullptr || (made->needs.terms == nullptr && peers_.empty())) return {};
  const std::string& ns = entry.job.meta.ns;
  api::Labels labels = LabelsOf(entry, *made, slot.task, TenantOf(ns));
  if (slot.index >= 0) labels[api::kLabelIndex] = std::to_string(slot.index);
  const PeerView pod{ns, labels, LabelsOfNamespace(ns), slot.index < 0};
  if (made->needs.terms == nullptr) return BuildTies(peers_, pod, nullptr);
  const api::PodTerms terms = TermsOf(*made->needs.terms, labels);
  return BuildTies(peers_, pod, &terms);
}

// ---- Who uses which sets ----

void ClusterState::UsePeersOf(const JobEntry& entry, bool in_world) {
  std::vector<PeerSet> sets;
  for (std::size_t t = 0; in_world && t < entry.templates.size(); ++t) {
    const Template& made = *entry.templates[t];
    if (made.needs.terms == nullptr) continue;
    const auto task = static_cast<std::int32_t>(t);
    const std::string& ns = entry.job.meta.ns;
    const api::PodTerms terms =
        TermsOf(*made.needs.terms, LabelsOf(entry, made, task, TenantOf(ns)));
    AddPeerSets(terms, ns, sets);
  }
  if (!sets.empty() || !peers_.empty()) UsePeers("job/" + entry.key, std::move(sets));
}

// One that is on a node, and one that is to be bound by us.
void ClusterState::UsePeersOf(const std::string& key, const PodEntry& entry, bool gone) {
  const api::Pod& pod = entry.pod;
  const bool counts =
      !gone && !pod.terminal() && (!NodeOf(entry).empty() || ForeignGroups::IsForeign(pod));
  std::vector<PeerSet> sets;
  api::PodTerms own;
  const api::PodTerms* terms = counts ? TermsOf(pod, own) : nullptr;
  if (terms != nullptr) AddPeerSets(*terms, pod.meta.ns, sets);
  if (!sets.empty() || !peers_.empty()) UsePeers("pod/" + key, std::move(sets));
}

void ClusterState::UsePeers(const std::string& user, std::vector<PeerSet> sets) {
  std::vector<PeerSet> fresh = peers_.Use(user, std::move(sets));
  if (!fresh.empty()) FoldPeers({std::move(fresh), ""});
  if (peers_.gone() <= kMostGone + peers_.size()) return;
  peers_.ForgetGone();
  FoldPeers({});
}

// ---- What they mean for those that are there ----

void ClusterState::FoldPeers(const PeerChange& change) {
  for (auto& [key, entry] : pods_) {
    const api::Pod& pod = entry.pod;
    if (pod.terminal()) continue;
    const bool waits = !entry.counted && ForeignGroups::IsForeign(pod);
    if (!entry.counted && !waits) continue;
    const std::string& ns = pod.meta.ns;
    if (!change.Concerns({ns, pod.meta.labels, LabelsOfNamespace(ns)})) continue;
    if (waits) {
      dirty_.groups.insert(ForeignGroups::GroupKey(pod));
    } else {
      FoldPod(key, entry);
    }
  }
  for (auto& [key, entry] : jobs_) {
    if (!api::Finished(entry.job.status)) FoldPeersOf(entry, change);
  }
}

void ClusterState::FoldPeersOf(JobEntry& entry, const PeerChange& change) {
  const std::string& ns = entry.job.meta.ns;
  bool concerned = false;
  for (std::size_t t = 0; t < entry.templates.size() && !concerned; ++t) {
    const Template& made = *entry.templates[t];
    if (!made.known || !change.MayConcern(ns, made.labels, entry.job.meta.name)) continue;
    const api::Labels labels = LabelsOf(entry, made, static_cast<std::int32_t>(t), TenantOf(ns));
    concerned = change.Concerns({ns, labels, LabelsOfNamespace(ns), /*any_index=*/true});
  }
  if (!concerned) return;
  dirty_.jobs.insert(entry.key);
  if (entry.committed.empty() || !entry.placement) return;
  for (const Slot& slot : entry.slots) {
    const std::string key = SlotKey(entry.job.meta.uid, entry.placement->attempt,
                                    entry.job.spec.tasks[slot.task].name, slot.index);
    if (entry.committed.contains(key)) CountSlot(entry, slot, key);
  }
}

}  // namespace muster::state
