#include "muster/kube/counting_transport.h"

#include <algorithm>
#include <utility>

#include "muster/base/mutex.h"

namespace muster::kube {

void VerbStats::Count(int status, std::int64_t took_ms) {
  ++by_status[status];
  const auto bound = std::lower_bound(kLatencyBoundsMs.begin(), kLatencyBoundsMs.end(), took_ms);
  ++latency[static_cast<std::size_t>(bound - kLatencyBoundsMs.begin())];
  latency_sum_ms += took_ms;
}

struct CountingTransport::Counts {
  mutable base::Mutex mutex;
  RequestStats stats GUARDED_BY(mutex);
};

namespace {

int StatusOf(const base::Result<Response>& answer) { return answer.ok() ? answer->status : 0; }

std::string VerbOf(const std::string& method, const std::string& get) {
  if (method == "GET") return get;
  if (method == "POST") return "create";
  return method == "DELETE" ? "delete" : "patch";
}

}  // namespace

CountingTransport::CountingTransport(std::shared_ptr<Transport> inner, const base::Clock& clock,
                                     std::string get)
    : counts_(std::make_shared<Counts>()),
      clock_(clock),
      get_(std::move(get)),
      inner_(std::move(inner)) {}

CountingTransport::~CountingTransport() = default;

void CountingTransport::Send(Request request, std::function<void(base::Result<Response>)> done) {
  const std::string verb = VerbOf(request.method, get_);
  const std::int64_t sent_ms = clock_.BootMs();
  inner_->Send(std::move(request), [counts = counts_, clock = &clock_, verb, sent_ms,
                                    done = std::move(done)](base::Result<Response> answer) {
    {
      const base::Lock lock(counts->mutex);
      counts->stats[verb].Count(StatusOf(answer), clock->BootMs() - sent_ms);
    }
    done(std::move(answer));
  });
}

std::unique_ptr<Stream> CountingTransport::Open(Request request, StreamHandler handler) {
  // Callbacks of one stream come one after the other.
  auto counted = std::make_shared<bool>(false);
  const auto count = [counts = counts_, counted](int status) {
    if (std::exchange(*counted, true)) return;
    const base::Lock lock(counts->mutex);
    ++counts->stats["watch"].by_status[status];
  };
  StreamHandler counting;
  counting.on_line = [count, on_line = std::move(handler.on_line)](std::string_view line) {
    count(200);
    on_line(line);
  };
  counting.on_end = [count, on_end = std::move(handler.on_end)](base::Result<Response> end) {
    count(StatusOf(end));
    on_end(std::move(end));
  };
  return inner_->Open(std::move(request), std::move(counting));
}

RequestStats CountingTransport::stats() const {
  const base::Lock lock(counts_->mutex);
  return counts_->stats;
}

}  // namespace muster::kube
