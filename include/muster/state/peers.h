// The sets of pods that required pod affinity and anti-affinity and topology spread constraints are
// about (sched::Tie): which are in use, and which of them a pod is in.  Empty as long as no pod has
// such a term.
//
// Cost: a pod is matched against the sets that name one of its labels, and against those that name
// no label's value.  Threads: owned by the ClusterState's one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/api/core.h"

namespace muster::state {

// Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/.  An operator
// that nobody knows fits nothing.
bool Fits(const api::LabelRequirement& wanted, const api::Labels& labels);

// A pod as the sets see it.
struct PeerView {
  const std::string& ns;
  const api::Labels& labels;
  const api::Labels& ns_labels;
  // Any pod of a task that is still to be placed: what is asked of its index is taken for granted.
  bool any_index = false;
};

// The pods that match each of these terms.
struct PeerSet {
  std::string name;                 // sched::Tie::set
  std::vector<api::PodTerm> terms;  // with their namespaces filled in; without topology_key
  bool Has(const PeerView& pod) const;
};

// Of a pod in namespace `ns`.  REQUIRES: at least one term.
PeerSet BuildPeerSet(const std::vector<api::PodTerm>& terms, const std::string& ns);

// Which pods are to be counted anew.
struct PeerChange {
  std::vector<PeerSet> sets;  // those in one of them
  std::string ns;             // without sets: those of this namespace; empty: all
  bool Concerns(const PeerView& pod) const;
  // Without looking at all labels: false for most pods of jobs.  `labels`: those that are not ours.
  bool MayConcern(const std::string& ns, const api::Labels& labels, const std::string& job) const;
};

class Peers {
 public:
  // From now on `user` uses these sets and no others.  Answers those that nobody used before.
  std::vector<PeerSet> Use(const std::string& user, std::vector<PeerSet> sets);
  // Names of the sets that the pod is in, sorted.
  std::vector<std::string> SetsOf(const PeerView& pod) const;
  bool empty() const { return sets_.empty(); }
  std::size_t size() const { return sets_.size(); }
  // Whether some set asks for labels of namespaces.
  bool by_namespace() const { return by_namespace_ > 0; }
  // Sets that went out of use since ForgetGone: pods may still be counted in them.
  std::size_t gone() const { return gone_; }
  void ForgetGone() { gone_ = 0; }

 private:
  struct Entry {
    PeerSet set;
    std::size_t users = 0;
  };

  void Index(const PeerSet& set, bool in);
  void Drop(const std::string& name);

  std::map<std::string, Entry> sets_;                         // by name
  std::map<std::string, std::vector<std::string>> users_;     // user -> names
  std::map<std::string, std::set<const PeerSet*>> by_label_;  // "key=value" -> sets that ask for it
  std::set<const PeerSet*> by_nothing_;                       // the rest
  std::int64_t by_namespace_ = 0;
  std::size_t gone_ = 0;
};

}  // namespace muster::state
