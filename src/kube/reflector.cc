// The loop: LIST when there is nothing to resume from, else WATCH from the last resourceVersion.
//
//   List ──ok──► Watch ──server closed, cut, idle──► Watch
//    ▲             └──410, other 4xx, three ERROR events in a row, Relist()──► List
//    └── failed: back off
//
// Answers and lines arrive in a mailbox that the transport's threads fill and this thread empties;
// a request that is given up keeps its mailbox alive and fills it for nobody.
#include "muster/kube/reflector.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "backoff.h"
#include "muster/base/hash.h"
#include "muster/base/log.h"
#include "muster/base/mutex.h"
#include "muster/kube/paths.h"
#include "scan_json.h"
#include "status_json.h"

namespace muster::kube {
namespace {

using base::Code;
using base::Lock;

constexpr std::int64_t kFirstBackoffMs = 250;
constexpr std::int64_t kMaxBackoffMs = 30'000;
constexpr std::int64_t kMinWatchSeconds = 300;  // the server closes after that, up to double
constexpr std::int64_t kShortWatchMs = 1'000;
constexpr int kMaxResumeFailures = 3;

// What one request or stream brings; shared with the callbacks of the transport.
struct Mailbox {
  base::Mutex mutex;
  base::CondVar changed;
  std::deque<std::string> lines GUARDED_BY(mutex);
  std::optional<base::Result<Response>> end GUARDED_BY(mutex);
  bool interrupted GUARDED_BY(mutex) = false;  // Stop or Relist wants the thread back
};

// How an attempt ended, and so what comes next; kList: the history is lost.
enum class Next { kResume, kResumeAfterBackoff, kList, kListAfterBackoff };

}  // namespace

struct RawReflector::Impl {
  Impl(Transport& t, const base::Clock& c, ReflectorOptions o, Handler h)
      : transport(t),
        clock(c),
        options(std::move(o)),
        handler(std::move(h)),
        seed(options.seed != 0
                 ? options.seed
                 : base::StableHash(options.path) ^ static_cast<std::uint64_t>(c.BootMs())),
        backoff(kFirstBackoffMs, kMaxBackoffMs, seed) {}

  void Run();
  void List();
  bool ListPages(std::string& version);
  Next Watch();
  Next DrainWatch(Mailbox& mailbox, std::int64_t opened_ms);
  std::optional<Next> HandleLine(std::string_view line);
  Next AfterEnd(const base::Result<Response>& end, bool short_lived);
  base::Result<std::string> Get(const std::string& query);
  std::shared_ptr<Mailbox> NewMailbox();
  void WaitBackoff();
  void Interrupt() REQUIRES_LOCK(mutex);
  void Note(const std::string& error);
  void NoteWell();
  std::string Target(const std::string& query) const;

  Transport& transport;
  const base::Clock& clock;
  const ReflectorOptions options;
  const Handler handler;
  std::uint64_t seed;

  // Owned by the thread.
  Backoff backoff;
  std::int64_t wait_at_least_ms = 0;  // what a Retry-After asked for
  std::string last_version;
  int resume_failures = 0;
  bool delivered = false;    // since the watch was opened
  bool have_list = false;    // something to resume from
  std::uint64_t listed = 0;  // `wanted` when the last LIST began
  bool interrupted = false;  // the last LIST was given up for a newer wish

  mutable base::Mutex mutex;
  std::shared_ptr<Mailbox> current GUARDED_BY(mutex);
  bool stopping GUARDED_BY(mutex) = false;
  std::uint64_t wanted GUARDED_BY(mutex) = 1;  // grows with each wish for a LIST
  ReflectorStats counted GUARDED_BY(mutex);
  std::thread thread;
};

void RawReflector::Impl::Run() {
  while (true) {
    bool list = !have_list;
    {
      Lock lock(mutex);
      if (stopping) return;
      list |= wanted != listed;
    }
    if (list) {
      List();
      if (!have_list && !interrupted) WaitBackoff();
      continue;
    }
    const Next next = Watch();
    if (next == Next::kList) {
      base::LogInfo("the history of a watch is lost, listing again", {{"path", options.path}});
    }
    if (next == Next::kList || next == Next::kListAfterBackoff) {
      Lock lock(mutex);
      have_list = false;
      counted.synced = false;
    }
    if (next == Next::kResumeAfterBackoff || next == Next::kListAfterBackoff) WaitBackoff();
  }
}

std::string RawReflector::Impl::Target(const std::string& query) const {
  return options.path + "?" + query;
}

std::shared_ptr<Mailbox> RawReflector::Impl::NewMailbox() {
  auto mailbox = std::make_shared<Mailbox>();
  Lock lock(mutex);
  current = mailbox;
  Lock inner(mailbox->mutex);
  mailbox->interrupted = stopping || wanted != listed;
  return mailbox;
}

void RawReflector::Impl::Interrupt() {
  if (current == nullptr) return;
  Lock inner(current->mutex);
  current->interrupted = true;
  current->changed.notify_all();
}

// Trouble is told when it begins, however long it lasts, and when it is over.
void RawReflector::Impl::Note(const std::string& error) {
  {
    Lock lock(mutex);
    if (!std::exchange(counted.last_error, error).empty()) return;
  }
  base::LogWarn("cannot list or watch", {{"path", options.path}, {"error", error}});
}

void RawReflector::Impl::NoteWell() {
  {
    Lock lock(mutex);
    if (std::exchange(counted.last_error, "").empty()) return;
  }
  base::LogInfo("lists and watches again", {{"path", options.path}});
}

void RawReflector::Impl::WaitBackoff() {
  const std::int64_t wait = std::max(backoff.Next(), wait_at_least_ms);
  wait_at_least_ms = 0;
  const std::int64_t until = clock.BootMs() + wait;
  const std::shared_ptr<Mailbox> mailbox = NewMailbox();
  Lock lock(mailbox->mutex);
  while (!mailbox->interrupted && clock.BootMs() < until) {
    clock.Wait(mailbox->changed, mailbox->mutex, until);
  }
}

base::Result<std::string> RawReflector::Impl::Get(const std::string& query) {
  const std::shared_ptr<Mailbox> mailbox = NewMailbox();
  transport.Send({"GET", Target(query), "", "", options.request_timeout_ms},
                 [mailbox](base::Result<Response> answer) {
                   Lock lock(mailbox->mutex);
                   mailbox->end = std::move(answer);
                   mailbox->changed.notify_all();
                 });
  Lock lock(mailbox->mutex);
  while (!mailbox->end && !mailbox->interrupted) {
    clock.Wait(mailbox->changed, mailbox->mutex, base::kForever);
  }
  interrupted = !mailbox->end;
  if (interrupted) return base::Error{Code::kUnavailable, "interrupted"};
  base::Result<Response>& end = *mailbox->end;
  if (!end.ok()) return end.error();
  if (end->status != 200) return ToError(*end);
  return std::move(end->body);
}

// All pages of one consistent LIST.  A 410 between pages means that the history behind the continue
// token is lost: what was read is dropped and the whole is asked for at once.
bool RawReflector::Impl::ListPages(std::string& version) {
  handler.begin();
  std::string token;
  bool paged = true;
  while (true) {
    std::string query = paged ? "limit=" + std::to_string(options.page_size) : "limit=0";
    if (!token.empty()) query += "&continue=" + EscapeQuery(token);
    base::Result<std::string> page = Get(query);
    if (!page.ok() && page.error().code == Code::kGone && !token.empty()) {
      handler.begin();
      token.clear();
      paged = false;
      continue;
    }
    if (!page.ok()) {
      wait_at_least_ms = page.error().retry_after_ms;
      if (!interrupted) Note(page.error().message);
      return false;
    }
    if (!api::IsWhole(*page)) {  // what a torn list does not name would pass for deleted
      Note("the LIST of " + options.path + " ended in the middle");
      return false;
    }
    version = FindJson(*page, {"metadata", "resourceVersion"}).value_or("");
    token = FindJson(*page, {"metadata", "continue"}).value_or("");
    handler.page(*page);
    if (token.empty()) return true;
  }
}

void RawReflector::Impl::List() {
  have_list = false;
  {
    Lock lock(mutex);
    listed = wanted;
    ++counted.lists;
  }
  std::string version;
  if (!ListPages(version)) return;
  if (version.empty()) {
    Note("the LIST of " + options.path + " carries no metadata.resourceVersion");
    return;
  }
  {
    Lock lock(mutex);
    if (stopping) return;
  }
  last_version = version;
  resume_failures = 0;
  have_list = true;
  backoff.Reset();
  handler.listed(version);
  NoteWell();
  Lock lock(mutex);
  counted.synced = listed == wanted;
}

Next RawReflector::Impl::Watch() {
  const std::shared_ptr<Mailbox> mailbox = NewMailbox();
  {
    Lock lock(mailbox->mutex);
    if (mailbox->interrupted) return Next::kResume;
  }
  {
    Lock lock(mutex);
    ++counted.watches;
  }
  const auto spread = static_cast<std::int64_t>(NextRandom(seed) % kMinWatchSeconds);
  const std::string query = "watch=true&allowWatchBookmarks=true&timeoutSeconds=" +
                            std::to_string(kMinWatchSeconds + spread) +
                            "&resourceVersion=" + EscapeQuery(last_version);
  StreamHandler to_mailbox;
  to_mailbox.on_line = [mailbox](std::string_view line) {
    Lock lock(mailbox->mutex);
    mailbox->lines.emplace_back(line);
    mailbox->changed.notify_all();
  };
  to_mailbox.on_end = [mailbox](base::Result<Response> end) {
    Lock lock(mailbox->mutex);
    mailbox->end = std::move(end);
    mailbox->changed.notify_all();
  };
  delivered = false;
  const std::int64_t opened_ms = clock.BootMs();
  const std::unique_ptr<Stream> stream = transport.Open(
      {"GET", Target(query), "", "", options.request_timeout_ms}, std::move(to_mailbox));
  return DrainWatch(*mailbox, opened_ms);
}

// Empties the mailbox until the stream ends or has to be cut.
Next RawReflector::Impl::DrainWatch(Mailbox& mailbox, std::int64_t opened_ms) {
  std::int64_t idle_until = opened_ms + options.idle_cut_ms;
  while (true) {
    std::deque<std::string> lines;
    std::optional<base::Result<Response>> end;
    {
      Lock lock(mailbox.mutex);
      while (mailbox.lines.empty() && !mailbox.end && !mailbox.interrupted &&
             clock.BootMs() < idle_until) {
        clock.Wait(mailbox.changed, mailbox.mutex, idle_until);
      }
      if (mailbox.interrupted) return Next::kResume;
      lines.swap(mailbox.lines);
      end = mailbox.end;
    }
    for (const std::string& line : lines) {
      if (const std::optional<Next> next = HandleLine(line)) return *next;
    }
    if (!lines.empty()) idle_until = clock.BootMs() + options.idle_cut_ms;
    if (end) return AfterEnd(*end, clock.BootMs() - opened_ms < kShortWatchMs);
    if (lines.empty()) {
      Note("the watch of " + options.path + " was silent and has been cut");
      return Next::kResume;
    }
  }
}

// Nothing if the stream goes on.
std::optional<Next> RawReflector::Impl::HandleLine(std::string_view line) {
  const std::string type = FindJson(line, {"type"}).value_or("");
  if (type == "ERROR") {
    const Response response = ErrorEventAsResponse(line);
    const base::Error error = ToError(response);
    if (error.code == Code::kGone) return Next::kList;
    Note(error.message);
    wait_at_least_ms = error.retry_after_ms;
    // A version that the server cannot serve (its data were restored) fails like this for ever.
    return ++resume_failures >= kMaxResumeFailures ? Next::kListAfterBackoff
                                                   : Next::kResumeAfterBackoff;
  }
  const auto version = FindJson(line, {"object", "metadata", "resourceVersion"});
  if (!version || type.empty()) {
    Note("the watch of " + options.path + " sent a line that is no event");
    return ++resume_failures >= kMaxResumeFailures ? Next::kListAfterBackoff
                                                   : Next::kResumeAfterBackoff;
  }
  if (type != "BOOKMARK") {
    handler.event(line);
    Lock lock(mutex);
    ++counted.events;
  }
  last_version = *version;
  delivered = true;
  resume_failures = 0;
  backoff.Reset();
  NoteWell();
  Lock lock(mutex);
  return stopping ? std::optional(Next::kResume) : std::nullopt;
}

Next RawReflector::Impl::AfterEnd(const base::Result<Response>& end, bool short_lived) {
  if (!end.ok()) {
    Note(end.error().message);
    return delivered ? Next::kResume : Next::kResumeAfterBackoff;
  }
  if (end->status == 200) {
    if (short_lived && !delivered) return Next::kResumeAfterBackoff;
    backoff.Reset();
    return Next::kResume;
  }
  const base::Error error = ToError(*end);
  if (error.code == Code::kGone) return Next::kList;
  Note(error.message);
  wait_at_least_ms = error.retry_after_ms;
  const bool passing = error.code == Code::kThrottled || error.code == Code::kUnavailable;
  return passing ? Next::kResumeAfterBackoff : Next::kListAfterBackoff;
}

RawReflector::RawReflector(Transport& transport, const base::Clock& clock, ReflectorOptions options,
                           Handler handler)
    : impl_(std::make_unique<Impl>(transport, clock, std::move(options), std::move(handler))) {}

RawReflector::~RawReflector() { Stop(); }

void RawReflector::Start() {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

void RawReflector::Stop() {
  {
    Lock lock(impl_->mutex);
    impl_->stopping = true;
    impl_->Interrupt();
  }
  if (impl_->thread.joinable()) impl_->thread.join();
}

std::uint64_t RawReflector::Relist() {
  Lock lock(impl_->mutex);
  ++impl_->wanted;
  impl_->counted.synced = false;
  impl_->Interrupt();
  return impl_->wanted;
}

std::uint64_t RawReflector::answered() const { return impl_->listed; }

ReflectorStats RawReflector::stats() const {
  Lock lock(impl_->mutex);
  return impl_->counted;
}

}  // namespace muster::kube
