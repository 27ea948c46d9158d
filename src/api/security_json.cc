#include <algorithm>
#include <array>
#include <string_view>

#include "api/template_json.h"

namespace muster::api {
namespace {

constexpr char kPrivileged[] = "allowPrivileged: false";

// What the baseline level of the Pod Security Standards allows
// (kubernetes.io/docs/concepts/security/pod-security-standards).
constexpr std::array<std::string_view, 13> kCapabilities = {
    "AUDIT_WRITE", "CHOWN",   "DAC_OVERRIDE", "FOWNER",           "FSETID",
    "KILL",        "MKNOD",   "SETFCAP",      "NET_BIND_SERVICE", "SETGID",
    "SETUID",      "SETPCAP", "SYS_CHROOT"};
constexpr std::array<std::string_view, 10> kSysctls = {
    "kernel.shm_rmid_forced",           "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",        "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",     "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",      "net.ipv4.tcp_syncookies"};
constexpr std::array<std::string_view, 2> kProfiles = {"RuntimeDefault", "Localhost"};
constexpr std::array<std::string_view, 1> kProcMounts = {"Default"};
constexpr std::array<std::string_view, 5> kSeLinuxTypes = {"", "container_t", "container_init_t",
                                                           "container_kvm_t", "container_engine_t"};
constexpr std::array<std::string_view, 1> kNoText = {""};

// The older form of appArmorProfile, which the API server still takes for it.
constexpr std::string_view kAppArmorKey = "container.apparmor.security.beta.kubernetes.io/";

template <std::size_t N>
bool IsOneOf(const Json& value, const std::array<std::string_view, N>& allowed) {
  return value.is_string() && std::find(allowed.begin(), allowed.end(),
                                        value.get_ref<const std::string&>()) != allowed.end();
}

bool IsAppArmorOfBaseline(const Json& profile) {
  if (!profile.is_string()) return false;
  const std::string& name = profile.get_ref<const std::string&>();
  return name.empty() || name == "runtime/default" || name.starts_with("localhost/");
}

// Walks the rendered pod and keeps the first refusal.
class Guard {
 public:
  Guard(const SecurityPolicy& policy, std::string path) : policy_(policy), path_(std::move(path)) {}

  std::string Apply(Json& pod) {
    Json& spec = pod["spec"];
    CheckAnnotations(pod);
    CheckHost(spec);
    CheckVolumes(spec);
    CheckPodContext(spec);
    EachContainer(pod, path_, [this](Json& c, const std::string& at) { CheckContainer(c, at); });
    return refusal_;
  }

 private:
  static bool Denies(const std::optional<bool>& allow) { return allow.has_value() && !*allow; }
  static bool IsTrue(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_boolean() && it->get<bool>();
  }
  static bool IsFalse(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_boolean() && !it->get<bool>();
  }
  static bool IsZero(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_number() && it->get<double>() == 0;
  }
  static bool Absent(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it == object.end() || it->is_null();
  }

  void Refuse(const std::string& field, const char* rule) {
    if (refusal_.empty()) {
      refusal_ = field + " is not allowed: the tenant's securityPolicy says " + rule;
    }
  }

  // The value at `key` is absent or one of `allowed`.
  template <std::size_t N>
  void CheckOneOf(const Json& object, const char* key,
                  const std::array<std::string_view, N>& allowed, const std::string& at) {
    if (!object.is_object() || Absent(object, key)) return;
    if (!IsOneOf(object[key], allowed)) Refuse(at + "." + key, kPrivileged);
  }

  void CheckAnnotations(const Json& pod) {
    const Json::json_pointer at("/metadata/annotations");
    if (!Denies(policy_.allow_privileged) || !pod.contains(at)) return;
    for (const auto& [key, value] : pod[at].items()) {
      if (!key.starts_with(kAppArmorKey) || IsAppArmorOfBaseline(value)) continue;
      Refuse(path_ + ".metadata.annotations[" + key + "]", kPrivileged);
    }
  }

  void CheckHost(const Json& spec) {
    if (!Denies(policy_.allow_host_network)) return;
    for (const char* key : {"hostNetwork", "hostPID", "hostIPC"}) {
      if (IsTrue(spec, key)) Refuse(path_ + ".spec." + key, "allowHostNetwork: false");
    }
  }

  void CheckVolumes(const Json& spec) {
    if (!Denies(policy_.allow_host_path) || Absent(spec, "volumes")) return;
    int index = 0;
    for (const Json& volume : spec["volumes"]) {
      const std::string at = path_ + ".spec.volumes[" + std::to_string(index++) + "].hostPath";
      if (volume.is_object() && !Absent(volume, "hostPath")) Refuse(at, "allowHostPath: false");
    }
  }

  // What pod and containers have in common.
  void CheckContext(const Json& context, const std::string& at) {
    if (policy_.run_as_non_root == true) {
      if (IsFalse(context, "runAsNonRoot")) Refuse(at + ".runAsNonRoot", "runAsNonRoot: true");
      if (IsZero(context, "runAsUser")) Refuse(at + ".runAsUser", "runAsNonRoot: true");
    }
    if (!Denies(policy_.allow_privileged)) return;
    const Json windows = context.value("windowsOptions", Json());
    if (IsTrue(windows, "hostProcess")) Refuse(at + ".windowsOptions.hostProcess", kPrivileged);
    for (const char* profile : {"seccompProfile", "appArmorProfile"}) {
      CheckOneOf(context.value(profile, Json()), "type", kProfiles, at + "." + profile);
    }
    const Json selinux = context.value("seLinuxOptions", Json());
    CheckOneOf(selinux, "type", kSeLinuxTypes, at + ".seLinuxOptions");
    CheckOneOf(selinux, "user", kNoText, at + ".seLinuxOptions");
    CheckOneOf(selinux, "role", kNoText, at + ".seLinuxOptions");
  }

  void CheckSysctls(const Json& context, const std::string& at) {
    if (!Denies(policy_.allow_privileged) || Absent(context, "sysctls")) return;
    int index = 0;
    for (const Json& sysctl : context["sysctls"]) {
      CheckOneOf(sysctl, "name", kSysctls, at + ".sysctls[" + std::to_string(index++) + "]");
    }
  }

  void CheckPrivileges(const Json& context, const std::string& at) {
    if (!Denies(policy_.allow_privileged)) return;
    if (IsTrue(context, "privileged")) Refuse(at + ".privileged", kPrivileged);
    CheckOneOf(context, "procMount", kProcMounts, at);
    const Json::json_pointer add("/capabilities/add");
    if (!context.contains(add)) return;
    int index = 0;
    for (const Json& capability : context[add]) {
      const std::string field = at + ".capabilities.add[" + std::to_string(index++) + "]";
      if (!IsOneOf(capability, kCapabilities)) Refuse(field, kPrivileged);
    }
  }

  void CheckPodContext(Json& spec) {
    if (policy_.run_as_non_root == true && Absent(spec, "securityContext")) {
      spec["securityContext"] = Json::object();
    }
    if (Absent(spec, "securityContext")) return;
    Json& context = spec["securityContext"];
    CheckContext(context, path_ + ".spec.securityContext");
    CheckSysctls(context, path_ + ".spec.securityContext");
    if (policy_.run_as_non_root == true && Absent(context, "runAsNonRoot")) {
      context["runAsNonRoot"] = true;
    }
  }

  void CheckPorts(const Json& container, const std::string& at) {
    if (!Denies(policy_.allow_host_network) || Absent(container, "ports")) return;
    int index = 0;
    for (const Json& port : container["ports"]) {
      const std::string field = at + ".ports[" + std::to_string(index++) + "].hostPort";
      if (port.is_object() && !Absent(port, "hostPort") && !IsZero(port, "hostPort")) {
        Refuse(field, "allowHostNetwork: false");
      }
    }
  }

  void CheckContainer(Json& container, const std::string& at) {
    CheckPorts(container, at);
    const bool pin = Denies(policy_.allow_privilege_escalation);
    if (pin && Absent(container, "securityContext")) container["securityContext"] = Json::object();
    if (Absent(container, "securityContext")) return;
    Json& context = container["securityContext"];
    const std::string field = at + ".securityContext";
    CheckContext(context, field);
    CheckPrivileges(context, field);
    if (!pin) return;
    if (IsTrue(context, "allowPrivilegeEscalation")) {
      Refuse(field + ".allowPrivilegeEscalation", "allowPrivilegeEscalation: false");
    }
    if (Absent(context, "allowPrivilegeEscalation")) context["allowPrivilegeEscalation"] = false;
  }

  const SecurityPolicy& policy_;
  const std::string path_;
  std::string refusal_;
};

}  // namespace

std::string ApplySecurity(const SecurityPolicy& policy, const std::string& path, Json& pod) {
  return Guard(policy, path).Apply(pod);
}

}  // namespace muster::api
