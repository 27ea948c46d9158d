// A mutex that clang's -Wthread-safety understands.  Fields it protects say GUARDED_BY(mutex_).
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define MUSTER_TSA(x) __attribute__((x))
#else
#define MUSTER_TSA(x)
#endif
#define GUARDED_BY(m) MUSTER_TSA(guarded_by(m))
#define REQUIRES_LOCK(m) MUSTER_TSA(requires_capability(m))

namespace muster::base {

class MUSTER_TSA(capability("mutex")) Mutex {
 public:
  void lock() MUSTER_TSA(acquire_capability()) { m_.lock(); }
  void unlock() MUSTER_TSA(release_capability()) { m_.unlock(); }

 private:
  std::mutex m_;
};

// Holds a Mutex for its own life time.
class MUSTER_TSA(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& m) MUSTER_TSA(acquire_capability(m)) : m_(m) { m_.lock(); }
  ~Lock() MUSTER_TSA(release_capability()) { m_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& m_;
};

// Waits with a Mutex held by a Lock; the caller loops on its condition.
using CondVar = std::condition_variable_any;

}  // namespace muster::base
