#include "config/table.h"

#include <algorithm>

namespace muster::config {
namespace {

bool AnyText(std::string_view) { return true; }

bool OneOfChars(std::string_view text, std::string_view allowed, std::size_t max) {
  return !text.empty() && text.size() <= max &&
         text.find_first_not_of(allowed) == std::string_view::npos;
}

// RFC 1123 label or subdomain, as Kubernetes wants names.
bool DnsName(std::string_view text) {
  return OneOfChars(text, "abcdefghijklmnopqrstuvwxyz0123456789-.", 63) && text.front() != '-' &&
         text.front() != '.' && text.back() != '-' && text.back() != '.';
}
bool DnsNameOrNothing(std::string_view text) { return text.empty() || DnsName(text); }

bool NoSpaces(std::string_view text) {
  return text.size() <= 253 && text.find_first_of(" \t\r\n") == std::string_view::npos;
}

// A resource or label name, with or without a domain in front.
bool QualifiedName(std::string_view text) {
  return OneOfChars(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/",
                    253) &&
         std::count(text.begin(), text.end(), '/') <= 1 && text.front() != '/' &&
         text.back() != '/';
}

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

// The place of a member in Settings, for the `at` of the fields.
#define MUSTER_AT(member) \
  [](Settings & s) -> auto& { return s.member; }
#define MUSTER_INTEGER(member, low, high)                                                        \
  IntegerField {                                                                                 \
    [](const Settings& s) { return std::int64_t{s.member}; },                                    \
        [](Settings& s, std::int64_t n) { s.member = static_cast<decltype(s.member)>(n); }, low, \
        high                                                                                     \
  }

std::vector<Setting> ProgramSettings() {
  using enum Reload;
  return {
      {"kubeconfig", TextField{MUSTER_AT(kubeconfig), AnyText, "a path"}, kRestart,
       "The kubeconfig to use; empty means the files of KUBECONFIG, and without those the service "
       "account of the pod."},
      {"context", TextField{MUSTER_AT(context), AnyText, "the name of a context"}, kRestart,
       "The context of the kubeconfig; empty means its current one."},
      {"namespace", TextField{MUSTER_AT(ns), DnsName, "the name of a namespace"}, kRestart,
       "The system namespace: the lease is there, and no tenant can claim it."},
      {"identity", TextField{MUSTER_AT(identity), NoSpaces, "a name without spaces"}, kRestart,
       "The name of this replica in the lease; empty means POD_NAME, and without that the host "
       "name."},
      {"listen", AddressField{MUSTER_AT(listen)}, kRestart,
       "Where /metrics, /healthz and /readyz are served; port 0 takes a free one."},
      {"log.format",
       ChoiceField{{"text", "json"},
                   [](const Settings& s) { return static_cast<int>(s.log_format); },
                   [](Settings& s, int i) { s.log_format = static_cast<base::LogFormat>(i); }},
       kRestart, "The form of a log line on standard error."},
      {"log.level",
       ChoiceField{{"debug", "info", "warn", "error"},
                   [](const Settings& s) { return static_cast<int>(s.log_level); },
                   [](Settings& s, int i) { s.log_level = static_cast<base::LogLevel>(i); }},
       kHot, "The least level that is logged."},
      {"lease.name", TextField{MUSTER_AT(lease.name), DnsName, "the name of a Lease"}, kRestart,
       "The Lease that the replicas compete for."},
      {"lease.duration", DurationField{MUSTER_AT(lease.duration_ms), kSecond, kHour}, kRestart,
       "A standby takes over when the lease was not renewed for this long."},
      {"lease.renewDeadline", DurationField{MUSTER_AT(lease.renew_deadline_ms), 500, kHour},
       kRestart,
       "The leader stops writing this long after its last renewal; shorter than lease.duration."},
      {"lease.retryPeriod", DurationField{MUSTER_AT(lease.retry_period_ms), 100, kHour}, kRestart,
       "The pause between two attempts to get or renew the lease; shorter than "
       "lease.renewDeadline."},
      {"client.requestsPerSecond", MUSTER_INTEGER(client.requests_per_second, 1, 100'000), kRestart,
       "The most writes a second to the API server; renewals of the lease are not held back."},
      {"client.burst", MUSTER_INTEGER(client.burst, 1, 100'000), kRestart,
       "How many writes may go at once after a quiet time."},
      {"client.maxInFlight", MUSTER_INTEGER(client.max_in_flight, 1, 1'000), kRestart,
       "How many requests may be under way at the same time."},
      {"gpuResource",
       TextField{MUSTER_AT(policy.device_resource), QualifiedName, "a resource name"}, kRestart,
       "The extended resource that \"gpu\" stands for."},
      {"gpuModelLabel", TextField{MUSTER_AT(policy.model_label), QualifiedName, "a label name"},
       kRestart, "The node label that holds the GPU model."},
      {"defaultTenant",
       TextField{MUSTER_AT(default_tenant), DnsNameOrNothing, "the name of a Tenant, or empty"},
       kRestart,
       "The tenant of jobs in namespaces that no tenant claims; empty means that they wait with "
       "NoTenant."},
      {"tenantRolePrefix", TextField{MUSTER_AT(tenant_role_prefix), DnsName, "a name"}, kRestart,
       "Users and groups of a tenant are bound to the ClusterRole <prefix>-tenant-user."},
      {"podGroupTimeout", DurationField{MUSTER_AT(pod_group_timeout_ms), kSecond, 24 * kHour},
       kRestart,
       "The gang timeout of pods of other controllers that do not say "
       "scheduler.io/pod-group-timeout."},
  };
}

std::vector<Setting> PolicySettings() {
  using enum Reload;
  return {
      {"policy.filters", NamesField{MUSTER_AT(policy.filters)}, kHot,
       "The filters a node must pass; resources must be among them."},
      {"policy.scores", WeightsField{MUSTER_AT(policy.scores)}, kHot,
       "The scores that order the nodes which passed, each with its weight; one alone needs none."},
      {"policy.innerOrder",
       ChoiceField{
           {"submit", "expected"},
           [](const Settings& s) { return static_cast<int>(s.policy.inner_order); },
           [](Settings& s, int i) { s.policy.inner_order = static_cast<sched::InnerOrder>(i); }},
       kHot,
       "Who goes first of a tenant's jobs of one priority and deadline: who came first, priorities "
       "rising with waiting; or who takes the least GPU time by its maxRuntimeSeconds."},
      {"policy.aging.step", MUSTER_INTEGER(policy.aging_step, 0, 100), kHot,
       "By how much a waiting job's priority rises each interval, up to one below the next level; "
       "0 turns aging off."},
      {"policy.aging.interval",
       DurationField{MUSTER_AT(policy.aging_interval_ms), kSecond, 24 * kHour}, kHot,
       "How long a job waits for each step."},
      {"policy.preemption.enabled", BooleanField{MUSTER_AT(policy.preemption)}, kHot,
       "Whether running jobs may be evicted for others, by the rules."},
      {"policy.preemption.maxEvictionsPerCycle",
       MUSTER_INTEGER(policy.max_evictions_per_cycle, 0, 10'000), kHot,
       "The most evictions that one scheduling cycle may decide."},
      {"policy.preemption.reservationSlack",
       DurationField{MUSTER_AT(policy.reservation_slack_ms), 0, 24 * kHour}, kHot,
       "A freed place is held for the preemptor for the grace period and this long."},
      {"policy.slots", MUSTER_INTEGER(policy.slots, 0, 1'000), kHot,
       "For how many blocked jobs a place is kept from the time at which it comes free; others may "
       "use it until then if their maxRuntimeSeconds ends in time. 0: for none."},
      {"policy.workLimit", MUSTER_INTEGER(policy.work_limit, 1'000, 1'000'000'000), kHot,
       "How many nodes the preemption searches of one cycle may look at."},
  };
}

#undef MUSTER_AT
#undef MUSTER_INTEGER

// "lease.renewDeadline" with `separator` between its words, in lower or upper case.
std::string Words(std::string_view path, char separator, bool upper) {
  std::string out;
  for (const char c : path) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (c == '.' || capital) out += separator;
    if (c == '.') continue;
    const char lower = capital ? static_cast<char>(c - 'A' + 'a') : c;
    out += upper && lower >= 'a' && lower <= 'z' ? static_cast<char>(lower - 'a' + 'A') : lower;
  }
  return out;
}

// Lower case letters and digits only: "leaseDuration" and "lease.duration" are the same word.
std::string Normalised(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
  }
  return out;
}

// Levenshtein distance, one row at a time.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

const std::vector<Setting>& Table() {
  static const std::vector<Setting> table = [] {
    std::vector<Setting> all = ProgramSettings();
    for (Setting& s : PolicySettings()) all.push_back(std::move(s));
    return all;
  }();
  return table;
}

const Setting* FindSetting(std::string_view path) {
  for (const Setting& s : Table()) {
    if (s.path == path) return &s;
  }
  return nullptr;
}

bool IsSection(std::string_view path) {
  const std::string prefix = std::string(path) + ".";
  for (const Setting& s : Table()) {
    if (s.path.substr(0, prefix.size()) == prefix) return true;
  }
  return false;
}

std::string FlagName(std::string_view path) { return "--" + Words(path, '-', false); }

std::string VariableName(std::string_view path) {
  return "GPU_SCHEDULER_" + Words(path, '_', true);
}

std::string DidYouMean(std::string_view name, const std::vector<std::string>& known) {
  const std::string wanted = Normalised(name).substr(0, 100);
  std::size_t best = std::max<std::size_t>(2, wanted.size() / 3) + 1;
  std::string nearest;
  for (const std::string& candidate : known) {
    const std::size_t distance = Distance(wanted, Normalised(candidate));
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

}  // namespace muster::config
