#include "api/read_json.h"

namespace muster::api {
namespace {

constexpr std::array<std::string_view, 18> kSpecUnread = {
    "env",          "envFrom",          "volumeMounts", "livenessProbe", "readinessProbe",
    "startupProbe", "lifecycle",        "command",      "args",          "securityContext",
    "hostAliases",  "imagePullSecrets", "dnsConfig",    "volumeDevices", "projected",
    "configMap",    "secret",           "downwardAPI"};
constexpr std::array<std::string_view, 8> kStatusUnread = {
    "resources", "allocatedResources", "volumeMounts",         "user", "podIPs",
    "hostIPs",   "lastState",          "resourceClaimStatuses"};

PodPhase PhaseOf(const std::string& text) {
  if (text == "Running") return PodPhase::kRunning;
  if (text == "Succeeded") return PodPhase::kSucceeded;
  if (text == "Failed") return PodPhase::kFailed;
  if (text == "Unknown") return PodPhase::kUnknown;
  return PodPhase::kPending;
}

// Waiting that is no trouble: the kubelet is at work.
bool Benign(const std::string& reason) {
  return reason == "ContainerCreating" || reason == "PodInitializing";
}

void ReadContainerStatus(const Fields& container, Pod& out) {
  const Fields state = container.At("state");
  const Fields waiting = state.At("waiting");
  if (waiting.present() && (out.waiting_reason.empty() || Benign(out.waiting_reason))) {
    out.waiting_reason = waiting.Text("reason");
    out.waiting_message = waiting.Text("message");
  }
  const Fields terminated = state.At("terminated");
  if (!terminated.present()) return;
  const base::TimePoint finished = terminated.Time("finishedAt");
  if (finished > out.finished) out.finished = finished;
  const std::int32_t exit_code = terminated.Int32("exitCode", 0, INT32_MIN);
  if (exit_code == 0 || out.exit_code != 0) return;
  out.exit_code = exit_code;
  out.signal = terminated.Int32("signal", 0, INT32_MIN);
  out.terminated_reason = terminated.Text("reason");
}

void ReadCondition(const Fields& condition, Pod& out) {
  const std::string type = condition.Text("type");
  const std::string status = condition.Text("status");
  if (type == "Ready") out.ready = status == "True";
  if (type == "DisruptionTarget") out.disruption_target = status == "True";
  if (type == "PodScheduled" && status == "False") {
    out.scheduled_condition_false = true;
    out.scheduled_message = condition.Text("message");
    out.scheduled_false_since = condition.Time("lastTransitionTime");
  }
}

}  // namespace

template <>
Unread UnreadOf<Pod>() {
  return {kSpecUnread, kStatusUnread};
}

void Read(const Fields& spec, const Fields& status, Pod& out) {
  out.node_name = spec.Text("nodeName");
  out.scheduler_name = spec.Text("schedulerName");
  out.priority = spec.Int32("priority", 0, INT32_MIN);
  out.grace_seconds = spec.Int("terminationGracePeriodSeconds", 30);
  spec.Each("schedulingGates",
            [&out](const Fields& gate) { out.gates.push_back(gate.Text("name")); });
  ReadPodNeeds(spec, out.needs);
  out.phase = PhaseOf(status.Text("phase"));
  out.reason = status.Text("reason");
  out.message = status.Text("message");
  out.started = status.Time("startTime");
  status.Each("conditions", [&out](const Fields& c) { ReadCondition(c, out); });
  status.Each("initContainerStatuses", [&out](const Fields& c) { ReadContainerStatus(c, out); });
  status.Each("containerStatuses", [&out](const Fields& c) { ReadContainerStatus(c, out); });
}

}  // namespace muster::api
