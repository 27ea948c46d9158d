// Sets of pods that terms of pod affinity are about: who is in them, and what that comes to in the
// World.
#include "muster/state/peers.h"

#include <gtest/gtest.h>

#include "muster/sched/schedule.h"
#include "muster/state/cluster_state.h"
#include "testing/manual_clock.h"

namespace muster::state {
namespace {

using Names = std::vector<std::string>;

api::PodTerm TermOf(std::optional<api::LabelSelector> selector) {
  api::PodTerm term;
  term.topology_key = "host";
  term.selector = std::move(selector);
  return term;
}

class PeersTest : public ::testing::Test {
 protected:
  // Whether the term of a pod in namespace "a" is about a pod with these labels.
  bool IsAbout(const api::PodTerm& term, const api::Labels& labels, const std::string& ns = "a",
               const api::Labels& ns_labels = {}) {
    Peers peers;
    const PeerSet set = BuildPeerSet({term}, "a");
    EXPECT_EQ(peers.Use("u", {set}).size(), 1U);
    const Names names = peers.SetsOf({ns, labels, ns_labels});
    const bool found = names == Names{set.name};
    EXPECT_TRUE(found || names.empty());
    EXPECT_EQ(found, set.Has({ns, labels, ns_labels}));
    return found;
  }
  static std::string Shown(const std::vector<api::PodTerm>& terms) {
    const std::string name = BuildPeerSet(terms, "a").name;
    return name.substr(0, name.find('\n'));
  }
};

TEST_F(PeersTest, ANullSelectorIsAboutNoPodAndAnEmptyOneAboutAll) {
  EXPECT_FALSE(IsAbout(TermOf(std::nullopt), {{"k", "v"}}));
  EXPECT_TRUE(IsAbout(TermOf(api::LabelSelector{}), {{"k", "v"}}));
  EXPECT_TRUE(IsAbout(TermOf(api::LabelSelector{}), {}));
}

TEST_F(PeersTest, EveryRequirementMustHold) {
  const api::PodTerm term = TermOf({{{"k", "In", {"v", "w"}}, {"l", "NotIn", {"x"}}}});
  EXPECT_TRUE(IsAbout(term, {{"k", "w"}}));
  EXPECT_TRUE(IsAbout(term, {{"k", "v"}, {"l", "y"}}));
  EXPECT_FALSE(IsAbout(term, {{"k", "v"}, {"l", "x"}}));
  EXPECT_FALSE(IsAbout(term, {{"k", "u"}}));
  EXPECT_FALSE(IsAbout(term, {}));
  EXPECT_TRUE(IsAbout(TermOf({{{"k", "Exists", {}}}}), {{"k", ""}}));
  EXPECT_FALSE(IsAbout(TermOf({{{"k", "DoesNotExist", {}}}}), {{"k", ""}}));
}

TEST_F(PeersTest, ItsOwnNamespaceIsMeantWhereNoneIsNamed) {
  const api::PodTerm term = TermOf(api::LabelSelector{});
  EXPECT_TRUE(IsAbout(term, {}, "a"));
  EXPECT_FALSE(IsAbout(term, {}, "b"));
}

TEST_F(PeersTest, NamedNamespacesAndThoseOfTheSelectorAreMeant) {
  api::PodTerm term = TermOf(api::LabelSelector{});
  term.namespaces = {"c", "b"};
  EXPECT_FALSE(IsAbout(term, {}, "a"));
  EXPECT_TRUE(IsAbout(term, {}, "b"));
  term.namespace_selector = {{{"team", "In", {"x"}}}};
  EXPECT_TRUE(IsAbout(term, {}, "b"));
  EXPECT_TRUE(IsAbout(term, {}, "d", {{"team", "x"}}));
  EXPECT_FALSE(IsAbout(term, {}, "d", {{"team", "y"}}));
  term.namespace_selector = api::LabelSelector{};
  EXPECT_TRUE(IsAbout(term, {}, "d"));
}

TEST_F(PeersTest, SeveralTermsAreAboutThePodsThatMatchAll) {
  const PeerSet both =
      BuildPeerSet({TermOf({{{"k", "In", {"v"}}}}), TermOf({{{"l", "In", {"w"}}}})}, "a");
  const api::Labels one = {{"k", "v"}};
  const api::Labels two = {{"k", "v"}, {"l", "w"}};
  const std::string ns = "a";
  EXPECT_FALSE(both.Has({ns, one, {}}));
  EXPECT_TRUE(both.Has({ns, two, {}}));
}

TEST_F(PeersTest, APodThatIsStillToBePlacedMayHaveAnyIndex) {
  const api::Labels labels = {{"k", "v"}};
  const std::string ns = "a";
  const auto has = [&](api::LabelRequirement index) {
    Peers peers;
    peers.Use("u", {BuildPeerSet({TermOf({{{"k", "In", {"v"}}, std::move(index)}})}, ns)});
    return !peers.SetsOf({ns, labels, {}, /*any_index=*/true}).empty();
  };
  EXPECT_TRUE(has({api::kLabelIndex, "In", {"7"}}));
  EXPECT_TRUE(has({api::kLabelIndex, "NotIn", {"7"}}));
  EXPECT_FALSE(has({api::kLabelIndex, "DoesNotExist", {}}));
  EXPECT_FALSE(has({"other", "In", {"7"}}));
}

TEST_F(PeersTest, EqualMeaningsHaveOneNameAndOthersAnother) {
  const auto name = [](api::LabelSelector selector, const std::string& ns) {
    return BuildPeerSet({TermOf(std::move(selector))}, ns).name;
  };
  const std::string first = name({{"k", "In", {"v", "w"}}, {"l", "Exists", {}}}, "a");
  EXPECT_EQ(name({{"l", "Exists", {}}, {"k", "In", {"w", "v", "v"}}}, "a"), first);
  EXPECT_NE(name({{"k", "In", {"v", "w"}}, {"l", "Exists", {}}}, "b"), first);
  EXPECT_NE(name({{"k", "In", {"v,w"}}, {"l", "Exists", {}}}, "a"), first);
}

TEST_F(PeersTest, PeopleAreShownTheSelector) {
  EXPECT_EQ(
      Shown({TermOf({{{"k", "In", {"v"}}, {"l", "NotIn", {"x", "w"}}, {"m", "Exists", {}}}})}),
      "k=v,l notin (w,x),m");
  EXPECT_EQ(Shown({TermOf(std::nullopt)}), "no pod");
  EXPECT_EQ(Shown({TermOf(api::LabelSelector{})}), "all pods");
}

TEST_F(PeersTest, ASetIsThereAsLongAsSomebodyUsesIt) {
  Peers peers;
  const PeerSet set = BuildPeerSet({TermOf({{{"k", "In", {"v"}}}})}, "a");
  EXPECT_EQ(peers.Use("one", {set}).size(), 1U);
  EXPECT_EQ(peers.Use("two", {set, set}).size(), 0U);
  EXPECT_EQ(peers.Use("one", {set}).size(), 0U);
  EXPECT_EQ(peers.Use("two", {}).size(), 0U);
  EXPECT_FALSE(peers.empty());
  peers.Use("one", {});
  EXPECT_TRUE(peers.empty());
  EXPECT_EQ(peers.gone(), 1U);
}

// ---- In the World: node n1 in rack r, a tenant "t" for all namespaces ----

class PeersOfPodsTest : public ::testing::Test {
 protected:
  PeersOfPodsTest() {
    api::Node node;
    node.meta.name = "n1";
    node.meta.labels = {{"host", "n1"}};
    node.ready = true;
    node.allocatable = {{"cpu", 64'000}, {"pods", 110}};
    state_.Upsert(node);
    api::Tenant tenant;
    tenant.meta.name = "t";
    tenant.meta.generation = 1;
    state_.Upsert(tenant);
  }
  api::Pod MakePod(const std::string& name, const std::string& ns, const api::Labels& labels) {
    api::Pod pod;
    pod.meta.ns = ns;
    pod.meta.name = pod.meta.uid = name;
    pod.meta.labels = labels;
    pod.needs.requests = {{"cpu", 1'000}, {"pods", 1}};
    return pod;
  }
  static void Avoid(api::Pod& pod, const api::PodTerm& term) {
    api::PodTerms terms;
    terms.anti_affinity = {term};
    pod.needs.terms = std::make_shared<const api::PodTerms>(std::move(terms));
  }
  // A pod of ours to place, with maxSkew 1 over hosts.
  api::Pod Spread(api::Pod pod, const api::LabelSelector& selector,
                  const std::vector<std::string>& keys = {}) {
    api::PodTerms terms;
    terms.spreads.emplace_back().term = TermOf(selector);
    terms.spreads[0].term.own_keys = keys;
    pod.needs.terms = std::make_shared<const api::PodTerms>(std::move(terms));
    pod.scheduler_name = api::kSchedulerName;
    state_.Upsert(pod);
    return pod;
  }
  void PutCordoned(const std::string& name) {
    api::Node node;
    node.meta.name = name;
    node.meta.labels = {{"host", name}};
    node.ready = true;
    node.unschedulable = true;
    node.allocatable = {{"cpu", 64'000}, {"pods", 110}};
    state_.Upsert(node);
  }
  void OnNode(api::Pod pod) {
    pod.node_name = "n1";
    state_.Upsert(std::move(pod));
  }
  void LabelNamespace(const std::string& name, const api::Labels& labels) {
    api::Namespace ns;
    ns.meta.name = name;
    ns.meta.labels = labels;
    state_.Upsert(ns);
  }
  // Whether a gang of one such pod would start.
  bool Starts(const api::Pod& pod) {
    sched::Gang gang;
    gang.uid = gang.name = "j";
    gang.ns = pod.meta.ns;
    gang.tenant = "t";
    gang.tasks = {{"main", state_.world().InternShape({}), 1, {}}};
    gang.tasks[0].ties = state_.TiesOfPod(pod);
    gang.min_replicas = 1;
    state_.world().SetGang(gang);
    sched::Cache cache;
    const bool starts = !sched::Schedule(state_.world(), {}, cache).starts.empty();
    state_.world().RemoveGang("j");
    return starts;
  }

  muster::testing::ManualClock clock_;
  ClusterState state_{{.default_tenant = "t"}, clock_};
};

TEST_F(PeersOfPodsTest, PodsOfAnySchedulerAreAvoidedAndAvoid) {
  api::Pod guest = MakePod("guest", "a", {});
  Avoid(guest, TermOf({{{"app", "In", {"db"}}}}));
  EXPECT_TRUE(Starts(guest));
  OnNode(MakePod("db", "a", {{"app", "db"}}));
  state_.Upsert(guest);  // not on a node, and not ours to bind: nobody has asked for it yet
  EXPECT_TRUE(state_.peers().empty());
  guest.scheduler_name = api::kSchedulerName;
  state_.Upsert(guest);
  EXPECT_FALSE(Starts(guest));
  state_.Remove(MakePod("guest", "a", {}));
  api::Pod host = MakePod("host", "a", {});
  Avoid(host, TermOf({{{"app", "In", {"web"}}}}));
  OnNode(host);
  EXPECT_FALSE(Starts(MakePod("w", "a", {{"app", "web"}})));
  EXPECT_TRUE(Starts(MakePod("w", "b", {{"app", "web"}})));
  state_.Remove(host);
  EXPECT_TRUE(Starts(MakePod("w", "a", {{"app", "web"}})));
}

TEST_F(PeersOfPodsTest, APodThatEndsOrIsRelabelledIsOutOfTheWay) {
  api::Pod guest = MakePod("guest", "a", {});
  guest.scheduler_name = api::kSchedulerName;
  Avoid(guest, TermOf({{{"app", "In", {"db"}}}}));
  state_.Upsert(guest);
  api::Pod db = MakePod("db", "a", {{"app", "db"}});
  OnNode(db);
  EXPECT_FALSE(Starts(guest));
  db.meta.labels = {};
  OnNode(db);
  EXPECT_TRUE(Starts(guest));
  db.meta.labels = {{"app", "db"}};
  db.phase = api::PodPhase::kSucceeded;
  OnNode(db);
  EXPECT_TRUE(Starts(guest));
}

// maxSkew 1 over hosts, of which n1 is one and n2, cordoned, the other.
TEST_F(PeersOfPodsTest, PodsOfTheOwnNamespaceAreSpread) {
  PutCordoned("n2");
  const api::Pod guest = Spread(MakePod("guest", "a", {{"app", "db"}}), {{"app", "In", {"db"}}});
  OnNode(MakePod("far", "b", {{"app", "db"}}));
  EXPECT_TRUE(Starts(guest));
  OnNode(MakePod("db", "a", {{"app", "db"}}));
  EXPECT_FALSE(Starts(guest));
}

// Which API servers before 1.34 leave to the scheduler.
TEST_F(PeersOfPodsTest, TheKeysOfASpreadMeanThePodsOwnValues) {
  PutCordoned("n2");
  api::Pod guest = MakePod("guest", "a", {{"app", "db"}, {"version", "2"}});
  guest = Spread(guest, {{"app", "In", {"db"}}}, {"version", "absent"});
  OnNode(MakePod("old", "a", {{"app", "db"}, {"version", "1"}}));
  EXPECT_TRUE(Starts(guest));
  OnNode(MakePod("new", "a", {{"app", "db"}, {"version", "2"}}));
  EXPECT_FALSE(Starts(guest));
}

TEST_F(PeersOfPodsTest, TheSpreadOfPodsThatAreNotOursToPlaceIsNotCounted) {
  api::Pod other = Spread(MakePod("other", "a", {}), {{"app", "In", {"db"}}});
  other.scheduler_name = "default-scheduler";
  OnNode(other);
  EXPECT_TRUE(state_.peers().empty());
  other.scheduler_name = api::kSchedulerName;
  OnNode(other);
  EXPECT_FALSE(state_.peers().empty());
}

TEST_F(PeersOfPodsTest, LabelsOfANamespaceCountAsTheyAreNow) {
  api::Pod guest = MakePod("guest", "a", {});
  guest.scheduler_name = api::kSchedulerName;
  api::PodTerm term = TermOf(api::LabelSelector{});
  term.namespace_selector = {{{"team", "In", {"x"}}}};
  Avoid(guest, term);
  state_.Upsert(guest);
  OnNode(MakePod("db", "b", {}));
  EXPECT_TRUE(Starts(guest));
  LabelNamespace("b", {{"team", "x"}});
  EXPECT_FALSE(Starts(guest));
  LabelNamespace("b", {{"team", "y"}});
  EXPECT_TRUE(Starts(guest));
}

}  // namespace
}  // namespace muster::state
