#include "muster/base/shared_text.h"

#include <ostream>
#include <unordered_map>

#include "muster/base/mutex.h"

namespace muster::base {

struct SharedText::Pool {
  Mutex mutex;
  std::unordered_map<std::string_view, Kept*> texts GUARDED_BY(mutex);  // keys lie in the values

  // Never destroyed: whoever ends last still finds it.
  static Pool& Get() {
    static Pool& pool = *new Pool;
    return pool;
  }
};

SharedText::Kept* SharedText::Keep(std::string_view text) {
  if (text.empty()) return nullptr;
  Pool& pool = Pool::Get();
  Lock lock(pool.mutex);
  if (const auto it = pool.texts.find(text); it != pool.texts.end()) {
    it->second->users.fetch_add(1, std::memory_order_relaxed);
    return it->second;
  }
  Kept* kept = new Kept{std::string(text), 1};
  pool.texts.emplace(kept->text, kept);
  return kept;
}

// The last user goes under the lock, so that nobody finds a text that is about to go.
void SharedText::Leave(Kept* kept) {
  std::int64_t users = kept->users.load(std::memory_order_relaxed);
  while (users > 1) {
    if (kept->users.compare_exchange_weak(users, users - 1, std::memory_order_acq_rel)) return;
  }
  Pool& pool = Pool::Get();
  Lock lock(pool.mutex);
  if (kept->users.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  pool.texts.erase(kept->text);
  delete kept;
}

std::ostream& operator<<(std::ostream& out, const SharedText& text) { return out << text.str(); }

}  // namespace muster::base
