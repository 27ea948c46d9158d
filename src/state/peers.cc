#include "muster/state/peers.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "muster/base/hash.h"
#include "muster/base/text.h"

namespace muster::state {
namespace {

constexpr std::size_t kMostShown = 120;  // bytes of a set, to people
constexpr char kOurs[] = "scheduler.io/";

// As `kubectl get -l` has it.
std::string TextOf(const api::LabelRequirement& wanted) {
  const std::string values = "(" + base::Join(wanted.values, ",") + ")";
  if (wanted.op == "Exists") return wanted.key;
  if (wanted.op == "DoesNotExist") return "!" + wanted.key;
  if (wanted.op == "NotIn") return wanted.key + " notin " + values;
  if (wanted.values.size() == 1) return wanted.key + "=" + wanted.values[0];
  return wanted.key + " in " + values;
}

std::string TextOf(const std::optional<api::LabelSelector>& selector, const char* all) {
  if (!selector) return "no pod";
  if (selector->empty()) return all;
  std::vector<std::string> parts;
  for (const api::LabelRequirement& wanted : *selector) parts.push_back(TextOf(wanted));
  return base::Join(parts, ",");
}

// One text for one meaning: lengths keep apart what values could run together.
void Append(std::string& key, const std::string& part) {
  key += std::to_string(part.size()) + ':' + part;
}
void Append(std::string& key, const std::optional<api::LabelSelector>& selector) {
  key += selector ? '+' + std::to_string(selector->size()) + ' ' : "-";
  if (!selector) return;
  for (const api::LabelRequirement& wanted : *selector) {
    Append(key, wanted.key);
    Append(key, wanted.op);
    key += std::to_string(wanted.values.size()) + ' ';
    for (const std::string& value : wanted.values) Append(key, value);
  }
}

void Sort(std::vector<std::string>& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

void Sort(std::optional<api::LabelSelector>& selector) {
  if (!selector) return;
  for (api::LabelRequirement& wanted : *selector) Sort(wanted.values);
  const auto before = [](const api::LabelRequirement& a, const api::LabelRequirement& b) {
    return std::tie(a.key, a.op, a.values) < std::tie(b.key, b.op, b.values);
  };
  std::sort(selector->begin(), selector->end(), before);
}

bool Has(const api::PodTerm& term, const PeerView& pod) {
  if (!term.selector) return false;
  const bool listed = std::binary_search(term.namespaces.begin(), term.namespaces.end(), pod.ns);
  const auto all = [](const api::LabelSelector& selector, const auto& fits) {
    return std::all_of(selector.begin(), selector.end(), fits);
  };
  if (!listed) {
    if (!term.namespace_selector) return false;
    if (!all(*term.namespace_selector,
             [&](const auto& wanted) { return Fits(wanted, pod.ns_labels); })) {
      return false;
    }
  }
  return all(*term.selector, [&](const api::LabelRequirement& wanted) {
    if (pod.any_index && wanted.key == api::kLabelIndex) return wanted.op != "DoesNotExist";
    return Fits(wanted, pod.labels);
  });
}

// What every pod of the set has one value of; null: nothing.  Never an index, which may be any.
const api::LabelRequirement* Handle(const PeerSet& set) {
  const api::LabelRequirement* best = nullptr;
  for (const api::PodTerm& term : set.terms) {
    if (!term.selector) continue;
    for (const api::LabelRequirement& wanted : *term.selector) {
      if (wanted.op != "In" || wanted.key == api::kLabelIndex) continue;
      if (best == nullptr || wanted.values.size() < best->values.size()) best = &wanted;
    }
  }
  return best;
}

}  // namespace

bool Fits(const api::LabelRequirement& wanted, const api::Labels& labels) {
  const auto label = labels.find(wanted.key);
  const bool there = label != labels.end();
  const bool listed = there && std::find(wanted.values.begin(), wanted.values.end(),
                                         label->second) != wanted.values.end();
  if (wanted.op == "In") return listed;
  if (wanted.op == "NotIn") return !listed;
  if (wanted.op == "Exists") return there;
  return wanted.op == "DoesNotExist" && !there;
}

bool PeerSet::Has(const PeerView& pod) const {
  return std::all_of(terms.begin(), terms.end(),
                     [&](const api::PodTerm& term) { return state::Has(term, pod); });
}

bool PeerChange::Concerns(const PeerView& pod) const {
  if (sets.empty()) return ns.empty() || pod.ns == ns;
  return std::any_of(sets.begin(), sets.end(), [&](const PeerSet& set) { return set.Has(pod); });
}

bool PeerChange::MayConcern(const std::string& pod_ns, const api::Labels& labels,
                            const std::string& job) const {
  if (sets.empty()) return Concerns({pod_ns, labels, labels});
  const auto may = [&](const api::LabelRequirement& wanted) {
    if (wanted.key != api::kLabelJob) return wanted.key.starts_with(kOurs) || Fits(wanted, labels);
    return wanted.op != "In" ||
           std::find(wanted.values.begin(), wanted.values.end(), job) != wanted.values.end();
  };
  return std::any_of(sets.begin(), sets.end(), [&](const PeerSet& set) {
    return std::all_of(set.terms.begin(), set.terms.end(), [&](const api::PodTerm& term) {
      return term.selector && std::all_of(term.selector->begin(), term.selector->end(), may);
    });
  });
}

PeerSet BuildPeerSet(const std::vector<api::PodTerm>& terms, const std::string& ns) {
  std::map<std::string, api::PodTerm> by_text;
  for (api::PodTerm term : terms) {
    term.topology_key.clear();
    term.own_keys.clear();
    if (term.namespaces.empty() && !term.namespace_selector) term.namespaces = {ns};
    Sort(term.namespaces);
    Sort(term.selector);
    Sort(term.namespace_selector);
    std::string all;
    Append(all, term.selector);
    for (const std::string& name : term.namespaces) Append(all, name);
    Append(all, term.namespace_selector);
    by_text.emplace(std::move(all), std::move(term));
  }
  PeerSet set;
  std::vector<std::string> shown;
  std::string all;
  for (auto& [text, term] : by_text) {
    Append(all, text);
    shown.push_back(TextOf(term.selector, "all pods"));
    set.terms.push_back(std::move(term));
  }
  Sort(shown);
  set.name = base::CutText(base::Join(shown, " and "), kMostShown) + "\n" +
             base::HashText(all, 12) + base::HashText("2" + all, 12);
  return set;
}

void Peers::Index(const PeerSet& set, bool in) {
  const auto put = [&](std::set<const PeerSet*>& sets) {
    if (in) {
      sets.insert(&set);
    } else {
      sets.erase(&set);
    }
  };
  for (const api::PodTerm& term : set.terms) {
    if (term.namespace_selector && !term.namespace_selector->empty()) by_namespace_ += in ? 1 : -1;
  }
  const api::LabelRequirement* handle = Handle(set);
  if (handle == nullptr) {
    put(by_nothing_);
    return;
  }
  for (const std::string& value : handle->values) {
    const std::string label = handle->key + "=" + value;
    put(by_label_[label]);
    if (by_label_[label].empty()) by_label_.erase(label);
  }
}

void Peers::Drop(const std::string& name) {
  const auto it = sets_.find(name);
  if (--it->second.users > 0) return;
  Index(it->second.set, false);
  sets_.erase(it);
  ++gone_;
}

std::vector<PeerSet> Peers::Use(const std::string& user, std::vector<PeerSet> sets) {
  const auto known = users_.find(user);
  if (sets.empty() && known == users_.end()) return {};
  std::vector<std::string> before;
  if (known != users_.end()) before = std::move(known->second);
  std::vector<PeerSet> fresh;
  std::vector<std::string> names;
  for (PeerSet& set : sets) {
    names.push_back(set.name);
    Entry& entry = sets_[set.name];
    if (++entry.users > 1) continue;
    fresh.push_back(set);
    entry.set = std::move(set);
    Index(entry.set, true);
  }
  if (names.empty()) {
    users_.erase(user);
  } else {
    users_[user] = std::move(names);
  }
  for (const std::string& name : before) Drop(name);
  return fresh;
}

std::vector<std::string> Peers::SetsOf(const PeerView& pod) const {
  std::vector<std::string> names;
  if (sets_.empty()) return names;
  const auto look = [&](const std::set<const PeerSet*>& sets) {
    for (const PeerSet* set : sets) {
      if (set->Has(pod)) names.push_back(set->name);
    }
  };
  look(by_nothing_);
  for (const auto& [key, value] : pod.labels) {
    const auto it = by_label_.find(key.str() + "=" + value.str());
    if (it != by_label_.end()) look(it->second);
  }
  Sort(names);
  return names;
}

}  // namespace muster::state
