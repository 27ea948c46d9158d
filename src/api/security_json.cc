#include "api/template_json.h"

namespace muster::api {
namespace {

// Walks the rendered pod and keeps the first refusal.
class Guard {
 public:
  Guard(const SecurityPolicy& policy, std::string path) : policy_(policy), path_(std::move(path)) {}

  std::string Apply(Json& pod) {
    Json& spec = pod["spec"];
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
    const auto windows = context.find("windowsOptions");
    if (Denies(policy_.allow_privileged) && windows != context.end() && windows->is_object() &&
        IsTrue(*windows, "hostProcess")) {
      Refuse(at + ".windowsOptions.hostProcess", "allowPrivileged: false");
    }
  }

  void CheckPodContext(Json& spec) {
    if (policy_.run_as_non_root == true && Absent(spec, "securityContext")) {
      spec["securityContext"] = Json::object();
    }
    if (Absent(spec, "securityContext")) return;
    Json& context = spec["securityContext"];
    CheckContext(context, path_ + ".spec.securityContext");
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
    if (Denies(policy_.allow_privileged) && IsTrue(context, "privileged")) {
      Refuse(field + ".privileged", "allowPrivileged: false");
    }
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
