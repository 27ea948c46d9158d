#include "watches.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "muster/api/core.h"
#include "muster/api/storage.h"
#include "muster/kube/paths.h"

namespace muster::op {

struct Watches::Watch {
  virtual ~Watch() = default;
  virtual void Start() = 0;
  virtual void Stop() = 0;
  virtual std::uint64_t Relist() = 0;
  virtual kube::ReflectorStats Stats() const = 0;

  std::string plural;
  // Of the owner thread.
  std::int64_t lists = 0;
  std::uint64_t answered = 0;  // the wish that the last LIST answers
  std::uint64_t wanted = 1;    // the one that makes it fresh
};

namespace {

template <class W, class T>
struct TypedWatch final : W {
  void Start() override { reflector->Start(); }
  void Stop() override { reflector->Stop(); }
  std::uint64_t Relist() override { return reflector->Relist(); }
  kube::ReflectorStats Stats() const override { return reflector->stats(); }

  std::unique_ptr<kube::Reflector<T>> reflector;
};

}  // namespace

Watches::Watches(kube::Transport& transport, const base::Clock& clock, EventLoop& loop,
                 state::ClusterState& state)
    : transport_(transport), clock_(clock), loop_(loop), state_(state) {
  // Nodes, namespaces and tenants first: pods and jobs are folded against them.
  Add<api::Node>("nodes", CollectionPath(kube::kNodes));
  Add<api::Namespace>("namespaces", CollectionPath(kube::kNamespaces));
  Add<api::Tenant>("tenants", CollectionPath(kube::kTenants));
  Add<api::ResourceQuota>("resourcequotas", CollectionPath(kube::kResourceQuotas));
  Add<api::LimitRange>("limitranges", CollectionPath(kube::kLimitRanges));
  Add<api::PodDisruptionBudget>("poddisruptionbudgets",
                                CollectionPath(kube::kPodDisruptionBudgets));
  Add<api::StorageClass>("storageclasses", CollectionPath(kube::kStorageClasses));
  Add<api::PersistentVolume>("persistentvolumes", CollectionPath(kube::kPersistentVolumes));
  Add<api::PersistentVolumeClaim>("persistentvolumeclaims",
                                  CollectionPath(kube::kPersistentVolumeClaims));
  Add<api::Job>("jobs", CollectionPath(kube::kJobs));
  Add<api::Workflow>("workflows", CollectionPath(kube::kWorkflows));
  Add<api::Pod>("pods", CollectionPath(kube::kPods));
}

Watches::~Watches() = default;

template <class T>
void Watches::Add(const std::string& plural, const std::string& path) {
  auto watch = std::make_unique<TypedWatch<Watch, T>>();
  watch->plural = plural;
  TypedWatch<Watch, T>* base = watch.get();
  kube::Sink<T> sink;
  sink.replace = [this, base](std::vector<T> all, const std::string&) {
    auto shared = std::make_shared<std::vector<T>>(std::move(all));
    loop_.Post([this, base, shared, wish = base->reflector->answered()] {
      const std::vector<std::string> troubles = state_.Replace(std::move(*shared));
      ++base->lists;
      base->answered = wish;
      for (const std::string& trouble : troubles) Tell(base->plural + " " + trouble);
    });
  };
  sink.upsert = [this](T object) {
    auto shared = std::make_shared<T>(std::move(object));
    loop_.Post([this, shared] {
      if (!shared->meta.name.empty()) state_.Upsert(std::move(*shared));
    });
  };
  sink.remove = [this](T object) {
    auto shared = std::make_shared<T>(std::move(object));
    loop_.Post([this, shared] { state_.Remove(*shared); });
  };
  kube::ReflectorOptions options;
  options.path = path;
  watch->reflector =
      std::make_unique<kube::Reflector<T>>(transport_, clock_, options, std::move(sink));
  watches_.push_back(std::move(watch));
}

// As if a watch had brought the one object.
void Watches::Tell(const std::string& trouble) {
  loop_.Post([trouble] { throw std::runtime_error(trouble); });
}

void Watches::Start() {
  for (const auto& watch : watches_) watch->Start();
}

void Watches::Stop() {
  for (const auto& watch : watches_) watch->Stop();
}

void Watches::Relist() {
  for (const auto& watch : watches_) watch->wanted = watch->Relist();
}

bool Watches::Fresh() const {
  return std::all_of(watches_.begin(), watches_.end(),
                     [](const auto& watch) { return watch->answered >= watch->wanted; });
}

bool Watches::AllSynced() const {
  return std::all_of(watches_.begin(), watches_.end(),
                     [](const auto& watch) { return watch->lists > 0; });
}

std::vector<WatchState> Watches::states() const {
  std::vector<WatchState> states;
  for (const auto& watch : watches_) {
    states.push_back({watch->plural, watch->lists, watch->Stats()});
  }
  return states;
}

}  // namespace muster::op
