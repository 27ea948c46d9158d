#include "muster/sim/engine.h"

#include <algorithm>
#include <map>
#include <queue>
#include <tuple>

#include "muster/sched/schedule.h"

namespace muster::sim {
namespace {

constexpr std::size_t kProgressEvery = 256;  // jobs that ended

// What happens by itself, in the order in which it does at one moment: what ends frees its place
// before what comes asks for one.
enum class TimerKind { kFinish, kRelease, kSubmit, kWake };

struct Timer {
  std::int64_t at_ms = 0;
  TimerKind kind = TimerKind::kWake;
  std::uint32_t job = 0;
  std::int32_t start = 0;  // of which start of the job this is the end
  friend auto operator<=>(const Timer&, const Timer&) = default;
};

class Engine {
 public:
  Engine(const Workload& workload, const sched::Policy& policy, const RunOptions& options);
  History Go();

 private:
  struct State {
    sched::Gang gang;
    std::int64_t started_ms = 0;
    std::int64_t done_ms = 0;    // of its run with all replicas, kept
    std::int64_t length_ms = 0;  // that this start takes if nothing ends it before
    std::size_t places = 0;      // Occupants of this start
    std::int64_t placed = 0;     // replicas of this start
    std::int64_t devices = 0;    // of this start
    std::size_t stay = 0;        // index into History::stays
    bool running = false;
  };

  void Happen(const Timer& timer);
  void Submit(std::uint32_t job);
  void Start(const sched::Start& start);
  void Evict(const sched::Eviction& eviction);
  void Release(std::uint32_t job);
  void Finish(std::uint32_t job);
  void Occupy(std::uint32_t job, const sched::Start& start);
  void Vacate(std::uint32_t job);
  void Cycle();
  void Note(EventKind kind, std::uint32_t job, std::string text = "");
  void Settle();
  std::int64_t RestartOf(std::uint32_t job) const {
    return run_.outcomes[job].starts > 1 ? workload_.jobs[job].restart_ms : 0;
  }
  // How long a run of `ms` takes with the replicas that are placed.
  std::int64_t Slower(std::int64_t ms, std::uint32_t job) const {
    const std::int64_t placed = states_[job].placed;
    return (ms * replicas_[job] + placed - 1) / placed;
  }
  std::uint32_t JobOf(sched::GangId gang) const { return by_uid_.at(world_.gang(gang).uid); }

  const Workload& workload_;
  const sched::Policy& policy_;
  const RunOptions& options_;
  History run_;
  sched::World world_;
  sched::Cache cache_;
  sched::Plan plan_;
  std::vector<State> states_;
  std::vector<std::int64_t> devices_, replicas_;  // by job, of all its tasks
  std::map<std::string, std::uint32_t, std::less<>> node_index_;
  std::map<std::string, std::uint32_t, std::less<>> by_uid_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::size_t live_ = 0;   // timers that are no wake-ups
  std::size_t ended_ = 0;  // jobs
  std::int64_t now_ms_ = 0;
  std::int64_t wake_ms_ = 0;  // the earliest wake-up that is set; 0: none
  Level level_;
};

// Why what never started waits, as the last cycle saw it.
void Explain(const sched::Plan& plan, const sched::World& world,
             const std::map<std::string, std::uint32_t, std::less<>>& by_uid, History& run) {
  for (const sched::Hold& hold : plan.holds) {
    Outcome& outcome = run.outcomes[by_uid.at(world.gang(hold.gang).uid)];
    outcome.reason = hold.reason;
    outcome.why = plan.texts[hold.text];
  }
}

Engine::Engine(const Workload& workload, const sched::Policy& policy, const RunOptions& options)
    : workload_(workload), policy_(policy), options_(options) {
  for (std::uint32_t i = 0; i < workload.nodes.size(); ++i) {
    world_.SetNode(workload.nodes[i]);
    node_index_.emplace(workload.nodes[i].name, i);
  }
  for (const sched::Tenant& tenant : workload.tenants) world_.SetTenant(tenant);
  run_.outcomes.resize(workload.jobs.size());
  states_.resize(workload.jobs.size());
  for (std::uint32_t i = 0; i < workload.jobs.size(); ++i) {
    const Job& job = workload.jobs[i];
    devices_.push_back(Devices(job, policy.device_resource));
    replicas_.push_back(0);
    for (const Task& task : job.tasks) replicas_.back() += task.replicas;
    by_uid_.emplace(job.name, i);
    timers_.push({job.submit.unix_ms, TimerKind::kSubmit, i, 0});
    ++live_;
  }
}

History Engine::Go() {
  // With nothing that runs, comes or is kept, what waits will wait for ever.
  while (live_ > 0 || (!timers_.empty() && !plan_.reservations.empty())) {
    now_ms_ = timers_.top().at_ms;
    while (!timers_.empty() && timers_.top().at_ms == now_ms_) {
      const Timer timer = timers_.top();
      timers_.pop();
      Happen(timer);
    }
    Cycle();
    Settle();
  }
  run_.end_ms = now_ms_;
  Explain(plan_, world_, by_uid_, run_);
  return std::move(run_);
}

void Engine::Happen(const Timer& timer) {
  if (timer.kind == TimerKind::kWake) {
    if (timer.at_ms == wake_ms_) wake_ms_ = 0;
    return;
  }
  --live_;
  if (timer.kind == TimerKind::kSubmit) {
    Submit(timer.job);
    return;
  }
  // Of a start that ended another way.
  if (!states_[timer.job].running || run_.outcomes[timer.job].starts != timer.start) return;
  if (timer.kind == TimerKind::kFinish) {
    Finish(timer.job);
  } else {
    Release(timer.job);
  }
}

void Engine::Submit(std::uint32_t job) {
  const Job& from = workload_.jobs[job];
  sched::Gang& gang = states_[job].gang;
  gang.uid = from.name;
  gang.name = from.tenant + "/" + from.name;
  gang.ns = gang.tenant = from.tenant;
  gang.user = from.user;
  gang.priority = from.priority;
  gang.least_attained = from.checkpoint_ms > 0;
  gang.bound_ms = from.bound_ms;
  gang.submit = gang.pending_since = from.submit;
  for (const Task& task : from.tasks) {
    gang.tasks.push_back({task.name, world_.InternShape(task.shape), task.replicas, {}});
  }
  const std::int64_t least = from.min_replicas > 0 ? from.min_replicas : replicas_[job];
  gang.min_replicas = static_cast<std::int32_t>(least);
  world_.SetGang(gang);
  level_.waiting += devices_[job];
  ++level_.queue;
  Note(EventKind::kSubmit, job);
}

void Engine::Start(const sched::Start& start) {
  const std::uint32_t job = JobOf(start.gang);
  const Job& from = workload_.jobs[job];
  State& state = states_[job];
  Outcome& outcome = run_.outcomes[job];
  ++outcome.starts;
  if (outcome.first_start_ms < 0) outcome.first_start_ms = now_ms_;
  state.running = true;
  state.started_ms = now_ms_;
  sched::Gang running = state.gang;
  running.state = sched::GangState::kRunning;
  running.tasks.clear();
  running.min_replicas = 0;
  running.started = {now_ms_};
  running.borrowing = start.borrowing;
  // It gets through its restart and to its first checkpoint (scheduling.md section 6).
  if (from.checkpoint_ms > 0) {
    running.protected_until = {now_ms_ + RestartOf(job) + from.checkpoint_ms};
  }
  if (from.bound_ms > 0) running.bound_end = {now_ms_ + from.bound_ms};
  Occupy(job, start);
  world_.SetGang(running);
  level_.waiting -= devices_[job];
  level_.used += state.devices;
  --level_.queue;
  const std::int64_t restart = RestartOf(job);
  outcome.restart_ms += restart;
  state.length_ms = restart + Slower(from.run_ms - state.done_ms, job);
  const std::int64_t length =
      from.bound_ms > 0 ? std::min(state.length_ms, from.bound_ms) : state.length_ms;
  timers_.push({now_ms_ + length, TimerKind::kFinish, job, outcome.starts});
  ++live_;
}

void Engine::Occupy(std::uint32_t job, const sched::Start& start) {
  const Job& from = workload_.jobs[job];
  State& state = states_[job];
  Stay stay{job, now_ms_, -1, 0, {}};
  std::string nodes;
  state.places = start.places.size();
  state.placed = 0;
  for (std::size_t i = 0; i < start.places.size(); ++i) {
    const sched::Place& place = start.places[i];
    sched::Occupant occupant;
    occupant.key = from.name + "/" + std::to_string(i);
    occupant.node = world_.NodeName(place.node);
    occupant.gang = from.name;
    occupant.ns = occupant.tenant = from.tenant;
    occupant.amounts = from.tasks[place.task].shape.request;
    std::int64_t devices = 0;
    for (auto& [name, amount] : occupant.amounts) {
      amount *= place.count;
      if (name == policy_.device_resource) devices = amount;
    }
    world_.SetOccupant(occupant);
    state.placed += place.count;
    stay.devices += devices;
    if (!options_.keep_events) continue;
    nodes += (nodes.empty() ? "" : ", ") + occupant.node + " x" + std::to_string(place.count);
    stay.nodes.emplace_back(node_index_.at(occupant.node), devices);
  }
  state.devices = stay.devices;
  state.stay = run_.stays.size();
  if (options_.keep_events) run_.stays.push_back(std::move(stay));
  Note(EventKind::kStart, job, std::move(nodes));
}

void Engine::Evict(const sched::Eviction& eviction) {
  const std::uint32_t job = JobOf(eviction.victim);
  sched::Gang leaving = world_.gang(eviction.victim);
  leaving.state = sched::GangState::kReleasing;
  leaving.beneficiary = world_.gang(eviction.beneficiary).uid;
  world_.SetGang(leaving);
  Note(EventKind::kEvict, job, eviction.text);
  timers_.push({now_ms_ + leaving.grace_ms, TimerKind::kRelease, job, run_.outcomes[job].starts});
  ++live_;
}

void Engine::Vacate(std::uint32_t job) {
  State& state = states_[job];
  for (std::size_t i = 0; i < state.places; ++i) {
    world_.RemoveOccupant(workload_.jobs[job].name + "/" + std::to_string(i));
  }
  state.running = false;
  level_.used -= state.devices;
  if (options_.keep_events) run_.stays[state.stay].end_ms = now_ms_;
}

void Engine::Release(std::uint32_t job) {
  const Job& from = workload_.jobs[job];
  State& state = states_[job];
  Outcome& outcome = run_.outcomes[job];
  Vacate(job);
  const std::int64_t restart = RestartOf(job);
  const std::int64_t ran = std::max<std::int64_t>(0, now_ms_ - state.started_ms - restart);
  const std::int64_t reached = state.done_ms + ran * state.placed / replicas_[job];
  if (from.checkpoint_ms > 0) {
    state.done_ms = std::max(state.done_ms, reached / from.checkpoint_ms * from.checkpoint_ms);
  }
  outcome.lost_ms += reached - state.done_ms;
  ++outcome.evictions;
  state.gang.preemptions = outcome.evictions;
  state.gang.attained_ms += state.devices * (now_ms_ - state.started_ms);
  state.gang.waited_ms += state.started_ms - state.gang.pending_since.unix_ms;
  state.gang.pending_since = {now_ms_};
  world_.SetGang(state.gang);
  level_.waiting += devices_[job];
  ++level_.queue;
  Note(EventKind::kRelease, job);
}

void Engine::Finish(std::uint32_t job) {
  const Job& from = workload_.jobs[job];
  State& state = states_[job];
  Outcome& outcome = run_.outcomes[job];
  Vacate(job);
  world_.RemoveGang(from.name);
  outcome.end_ms = now_ms_;
  outcome.killed = now_ms_ - state.started_ms < state.length_ms;
  Note(EventKind::kFinish, job);
  if (++ended_ % kProgressEvery == 0 && options_.progress) options_.progress(ended_);
}

void Engine::Cycle() {
  world_.SetNow({now_ms_});
  plan_ = sched::Schedule(world_, policy_, cache_);
  ++run_.cycles;
  if (options_.decided) options_.decided(world_, policy_, plan_);
  world_.SetReservations(plan_.reservations);
  for (const sched::Reservation& kept : plan_.reservations) {
    Outcome& outcome = run_.outcomes[by_uid_.at(kept.gang)];
    if (outcome.promised_ms < 0 && kept.from.unix_ms > 0) outcome.promised_ms = kept.from.unix_ms;
  }
  for (const sched::Start& start : plan_.starts) Start(start);
  for (const sched::Eviction& eviction : plan_.evictions) Evict(eviction);
  const std::int64_t wake = plan_.wake_at.unix_ms;
  if (wake > now_ms_ && (wake_ms_ == 0 || wake < wake_ms_)) {
    wake_ms_ = wake;
    timers_.push({wake, TimerKind::kWake, 0, 0});
  }
}

void Engine::Note(EventKind kind, std::uint32_t job, std::string text) {
  if (options_.keep_events) run_.events.push_back({{now_ms_}, kind, job, std::move(text)});
}

void Engine::Settle() {
  level_.at_ms = now_ms_;
  if (!run_.levels.empty()) {
    const Level& last = run_.levels.back();
    const bool same = std::tie(last.used, last.waiting, last.queue) ==
                      std::tie(level_.used, level_.waiting, level_.queue);
    if (same) return;
  }
  run_.levels.push_back(level_);
}

}  // namespace

std::string_view ToString(EventKind kind) {
  switch (kind) {
    case EventKind::kSubmit:
      return "submit";
    case EventKind::kStart:
      return "start";
    case EventKind::kEvict:
      return "evict";
    case EventKind::kRelease:
      return "release";
    case EventKind::kFinish:
      break;
  }
  return "finish";
}

History Simulate(const Workload& workload, const sched::Policy& policy, const RunOptions& options) {
  return Engine(workload, policy, options).Go();
}

}  // namespace muster::sim
