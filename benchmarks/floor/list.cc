// One LIST of everything, as a new leader makes it before its first decision: the kinds that the
// operator watches (operator/watches.cc), through the same Reflector and codec, page by page and
// all at the same time.  What came is kept decoded; nothing is derived from it.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <utility>

#include "floor/floor.h"
#include "muster/api/core.h"
#include "muster/api/storage.h"
#include "muster/api/tenant.h"
#include "muster/api/workflow.h"
#include "muster/kube/paths.h"
#include "muster/kube/reflector.h"

namespace muster::floor {
namespace {

constexpr std::int64_t kPatienceMs = 300'000;

struct Kind {
  virtual ~Kind() = default;
  virtual void Start() = 0;
  virtual void Relist() = 0;
  virtual void Stop() = 0;
  virtual std::string trouble() const = 0;

  int lists = 0;  // that came to their end; under the mutex of Lists
  std::int64_t objects = 0;
};

template <class T>
struct TypedKind final : Kind {
  void Start() override { reflector->Start(); }
  void Relist() override { reflector->Relist(); }
  void Stop() override { reflector->Stop(); }
  std::string trouble() const override { return reflector->stats().last_error; }

  std::vector<T> all;
  std::unique_ptr<kube::Reflector<T>> reflector;
};

class Lists {
 public:
  explicit Lists(kube::Transport& transport);
  ~Lists();
  Lists(const Lists&) = delete;
  Lists& operator=(const Lists&) = delete;

  void Start();
  void Again();
  bool WaitFor(int lists);  // of each kind; false: it takes too long
  std::int64_t objects();
  std::string trouble() const;

 private:
  template <class T>
  void Add(const kube::Resource& resource);
  bool All(int lists) const REQUIRES_LOCK(mutex_);

  kube::Transport& transport_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<std::unique_ptr<Kind>> kinds_;
};

Lists::Lists(kube::Transport& transport) : transport_(transport) {
  Add<api::Node>(kube::kNodes);
  Add<api::Namespace>(kube::kNamespaces);
  Add<api::Tenant>(kube::kTenants);
  Add<api::ResourceQuota>(kube::kResourceQuotas);
  Add<api::LimitRange>(kube::kLimitRanges);
  Add<api::PodDisruptionBudget>(kube::kPodDisruptionBudgets);
  Add<api::StorageClass>(kube::kStorageClasses);
  Add<api::PersistentVolume>(kube::kPersistentVolumes);
  Add<api::PersistentVolumeClaim>(kube::kPersistentVolumeClaims);
  Add<api::Job>(kube::kJobs);
  Add<api::Workflow>(kube::kWorkflows);
  Add<api::Pod>(kube::kPods);
}

Lists::~Lists() {
  for (const auto& kind : kinds_) kind->Stop();
}

template <class T>
void Lists::Add(const kube::Resource& resource) {
  auto added = std::make_unique<TypedKind<T>>();
  TypedKind<T>* kind = added.get();
  kube::Sink<T> sink;
  sink.replace = [this, kind](std::vector<T> all, const std::string&) {
    kind->all = std::move(all);
    base::Lock lock(mutex_);
    kind->objects = static_cast<std::int64_t>(kind->all.size());
    ++kind->lists;
    changed_.notify_all();
  };
  sink.upsert = [](T) {};
  sink.remove = [](T) {};
  kube::ReflectorOptions options;
  options.path = CollectionPath(resource);
  kind->reflector = std::make_unique<kube::Reflector<T>>(transport_, base::SystemClock(),
                                                         std::move(options), std::move(sink));
  kinds_.push_back(std::move(added));
}

void Lists::Start() {
  for (const auto& kind : kinds_) kind->Start();
}

void Lists::Again() {
  for (const auto& kind : kinds_) kind->Relist();
}

bool Lists::All(int lists) const {
  return std::all_of(kinds_.begin(), kinds_.end(),
                     [lists](const auto& kind) { return kind->lists >= lists; });
}

bool Lists::WaitFor(int lists) {
  const std::int64_t until = base::SystemClock().BootMs() + kPatienceMs;
  base::Lock lock(mutex_);
  while (!All(lists) && base::SystemClock().BootMs() < until) {
    base::SystemClock().Wait(changed_, mutex_, until);
  }
  return All(lists);
}

std::int64_t Lists::objects() {
  base::Lock lock(mutex_);
  std::int64_t sum = 0;
  for (const auto& kind : kinds_) sum += kind->objects;
  return sum;
}

std::string Lists::trouble() const {
  std::string all = "the LISTs take too long";
  for (const auto& kind : kinds_) {
    if (!kind->trouble().empty()) all += "; " + kind->trouble();
  }
  return all;
}

double ResidentMib() {
  std::int64_t total = 0;
  std::int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace

Listed ListAll(kube::Transport& transport, Tally& tally) {
  Lists lists(transport);
  lists.Start();
  if (!lists.WaitFor(1)) {
    tally.AddError(lists.trouble());
    return {};
  }
  // A standby knows everything already and has its connections; it lists anew when it leads.
  const auto begin = std::chrono::steady_clock::now();
  lists.Again();
  if (!lists.WaitFor(2)) {
    tally.AddError(lists.trouble());
    return {};
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return {lists.objects(), took.count(), ResidentMib()};
}

}  // namespace muster::floor
