#include "poison_guard.h"

#include <chrono>
#include <exception>

#include "muster/base/log.h"

namespace muster::op {

void PoisonGuard::Reconcile(const char* controller, const std::string& what, const Work& work,
                            const Tell& tell) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string key = what.substr(1);
  std::string trouble;
  if (Survives(controller, key, work, &trouble)) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    metrics_.Add(telemetry::Metric::kReconciles, {controller, "success"});
    metrics_.Observe(telemetry::Metric::kReconcileTime, {controller}, took.count());
    retries_.Forget(what);
    return;
  }
  retries_.AddBackoff(what);
  if (tell) Survives(controller, key, [&] { tell(trouble); });
}

bool PoisonGuard::Survives(const char* controller, const std::string& key, const Work& work,
                           std::string* trouble) {
  try {
    work();
    return true;
  } catch (const std::exception& error) {
    metrics_.Add(telemetry::Metric::kReconciles, {controller, "error"});
    base::LogError("object cannot be reconciled",
                   {{"controller", controller}, {"key", key}, {"error", error.what()}});
    if (trouble != nullptr) *trouble = error.what();
    return false;
  }
}

}  // namespace muster::op
