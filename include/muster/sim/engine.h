// A workload run through the core on a virtual clock: sched::Schedule decides, and what it decides
// happens as it would on a cluster whose kubelets never fail and take no time.
//
//   a start      takes its places at once; the job ends run_ms later, or at its bound.  With fewer
//                replicas than it has it takes longer in proportion, and does not grow
//   an eviction  ends the victim after its grace period; what it did since its last checkpoint is
//                lost, and it is queued again with what remains and its restart
//
// The same Workload and Policy give the same events, in the same order.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "muster/sched/plan.h"
#include "muster/sched/policy.h"
#include "muster/sched/reason.h"
#include "muster/sched/world.h"
#include "muster/sim/workload.h"

namespace muster::sim {

enum class EventKind { kSubmit, kStart, kEvict, kRelease, kFinish };
std::string_view ToString(EventKind kind);

struct Event {
  base::TimePoint at;
  EventKind kind = EventKind::kSubmit;
  std::uint32_t job = 0;  // index into Workload::jobs
  std::string text;       // of a start its nodes, of an eviction the core's sentence
};

// One job's story.  Times are -1 while they have not come.
struct Outcome {
  std::int64_t first_start_ms = -1;
  std::int64_t promised_ms = -1;  // the time of the first slot that it had
  std::int64_t end_ms = -1;
  bool killed = false;  // it reached its bound
  std::int32_t starts = 0;
  std::int32_t evictions = 0;
  std::int64_t lost_ms = 0;     // of its run, repeated after evictions
  std::int64_t restart_ms = 0;  // spent on restarts
  // Of a job that has not ended: why it waits.
  sched::Reason reason = sched::Reason::kPendingEvaluation;
  std::string why;
};

// Devices in use and asked for by those who wait, from a time on.
struct Level {
  std::int64_t at_ms = 0;
  std::int64_t used = 0;
  std::int64_t waiting = 0;  // devices
  std::int64_t queue = 0;    // jobs
};

// From a start until its places are free again.
struct Stay {
  std::uint32_t job = 0;
  std::int64_t begin_ms = 0, end_ms = 0;
  std::int64_t devices = 0;
  std::vector<std::pair<std::uint32_t, std::int64_t>> nodes;  // index into Workload::nodes, devices
};

// What happened.
struct History {
  std::vector<Outcome> outcomes;  // by job
  std::vector<Event> events;
  std::vector<Stay> stays;    // in order of their starts
  std::vector<Level> levels;  // one for each time at which something changed
  std::int64_t cycles = 0;
  std::int64_t end_ms = 0;
};

struct RunOptions {
  bool keep_events = true;  // and stays
  // Told now and then how many jobs have ended; may be empty.
  std::function<void(std::size_t ended)> progress;
  // Told of every Plan before anything of it happens; may be empty.
  std::function<void(const sched::World&, const sched::Policy&, const sched::Plan&)> decided;
};

// Ends when nothing can happen any more.
History Simulate(const Workload& workload, const sched::Policy& policy,
                 const RunOptions& options = {});

}  // namespace muster::sim
