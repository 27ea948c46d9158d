#include <algorithm>

#include "api/read_json.h"
#include "api/status_names.h"

namespace muster::api {
namespace {

template <class E, std::size_t kCount>
E ReadWord(const Fields& from, const char* key, const std::array<std::string_view, kCount>& words) {
  const std::string word = from.Text(key, words[0]);
  const auto it = std::find(words.begin(), words.end(), word);
  if (it != words.end()) return static_cast<E>(it - words.begin());
  from.Complain(key, "is a word of another version of Muster: \"" + word + '"');
  return static_cast<E>(0);
}

Placement ReadPlacement(const Fields& in) {
  Placement out;
  out.attempt = in.Int32("attempt", 0);
  out.revision = in.Int32("revision", 1);
  out.state = ReadWord<PlacementState>(in, "state", kPlacementStates);
  out.cause = ReadWord<ReleaseCause>(in, "cause", kReleaseCauses);
  out.beneficiary = in.Text("beneficiary");
  out.beneficiary_uid = in.Text("beneficiaryUID");
  out.rule = in.Text("rule");
  out.borrowing = in.Flag("borrowing");
  out.committed_at = in.Time("committedAt");
  in.Each("assignments", [&out](const Fields& a) {
    out.assignments.push_back(
        {a.Text("node"), a.Text("nodeUID"), a.Text("task"), a.Text("indexes")});
  });
  return out;
}

Reservation ReadReservation(const Fields& in) {
  Reservation out;
  out.until = in.Time("until");
  out.from = in.Time("from");
  in.Each("nodes", [&out](const Fields& node) {
    Reservation::Node& kept = out.nodes.emplace_back();
    kept.name = node.Text("node");
    kept.resources = node.Resources("resources");
    node.Each("pods", [&kept](const Fields& pods) {
      kept.pods.push_back({pods.Text("task"), pods.Int32("count", 0)});
    });
  });
  return out;
}

}  // namespace

void ReadJobStatus(const Fields& status, JobStatus& out) {
  out.observed_generation = status.Int("observedGeneration", 0);
  out.epoch = status.Int("epoch", 0);
  out.attempt = status.Int32("attempt", 0);
  const Fields placement = status.At("placement");
  if (placement.present()) out.placement = ReadPlacement(placement);
  const Fields reservation = status.At("reservation");
  if (reservation.present()) out.reservation = ReadReservation(reservation);
  out.tenant = status.Text("tenant");
  out.priority = status.Text("priority");
  out.phase = status.Text("phase");
  out.reason = status.Text("reason");
  out.message = status.Text("message");
  out.gpus = status.Int("gpus", 0);
  out.ready = status.Text("ready");
  out.nodes = status.Text("nodes");
  out.deadline = status.Text("deadline");
  status.Each("tasks", [&out](const Fields& task) {
    out.tasks.push_back(
        {task.Text("name"), task.Int32("ready", 0), task.Text("succeeded"), task.Text("failed")});
  });
  out.failures = status.Int32("failures", 0);
  out.preemptions = status.Int32("preemptions", 0);
  out.pending_since = status.Time("pendingSince");
  out.waited_seconds = status.Int("waitedSeconds", 0);
  out.not_before = status.Time("notBefore");
  out.start_time = status.Time("startTime");
  out.attempt_ready_at = status.Time("attemptReadyAt");
  out.completion_time = status.Time("completionTime");
  ReadConditions(status, out.conditions);
}

}  // namespace muster::api
