#include "api/template_json.h"

#include "muster/base/quantity.h"

namespace muster::api {
namespace {

struct Refused {
  const char* section;  // metadata or spec
  const char* field;
  const char* why;
};

constexpr Refused kRefused[] = {
    {"metadata", "name", "must be left out: Muster names the pods of a Job"},
    {"metadata", "generateName", "must be left out: Muster names the pods of a Job"},
    {"metadata", "ownerReferences", "must be left out: the Job owns its pods"},
    {"metadata", "finalizers", "must be left out: they would keep a pod and what it holds"},
    {"spec", "nodeName", "must be left out: Muster chooses the node"},
    {"spec", "schedulingGates", "must be left out: a pod is created when it has its place"},
    {"spec", "resourceClaims", "is not supported: ask for devices in resources"},
    {"spec", "ephemeralContainers", "must be left out: they are added to running pods"},
    {"spec", "hostname", "must be left out: Muster gives each pod a stable hostname"},
    {"spec", "hostnameOverride", "must be left out: Muster gives each pod a stable hostname"},
    {"spec", "subdomain", "must be left out: it is the name of the Job"},
};

bool Given(const Json& value) {
  return !value.is_null() && !(value.is_structured() && value.empty()) &&
         !(value.is_string() && value.get_ref<const std::string&>().empty());
}

const Json* Member(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

std::string MustBe(const std::string& path, const char* key, const char* what) {
  return path + '.' + key + " must be " + what;
}

// The member `key` of `object` is absent or an object.
bool ObjectOrAbsent(const Json& object, const char* key) {
  const Json* member = Member(object, key);
  return member == nullptr || member->is_object();
}

// The API server refuses a pod with such an amount too, but does not say which one it is.
std::string CheckAmounts(const Json& amounts, const std::string& path) {
  for (const auto& [name, amount] : amounts.items()) {
    if (amount.is_number() || amount.is_null()) continue;
    if (!amount.is_string())
      return path + '.' + name + " must be a quantity such as 500m, 2 or 4Gi";
    const auto parsed = base::ParseUnits(amount.get_ref<const std::string&>());
    if (!parsed.ok()) return path + '.' + name + ' ' + parsed.error().message;
  }
  return {};
}

std::string CheckContainer(const Json& container, const std::string& path) {
  if (!container.is_object()) return path + " must be an object";
  for (const char* key : {"env", "volumeMounts"}) {
    const Json* list = Member(container, key);
    if (list == nullptr) continue;
    if (!list->is_array()) return MustBe(path, key, "a list");
    for (const Json& item : *list) {
      if (!item.is_object()) return MustBe(path, key, "a list of objects");
    }
  }
  for (const char* key : {"resources", "securityContext"}) {
    if (!ObjectOrAbsent(container, key)) return MustBe(path, key, "an object");
  }
  const Json* resources = Member(container, "resources");
  for (const char* key : {"requests", "limits"}) {
    const Json* amounts = resources == nullptr ? nullptr : Member(*resources, key);
    if (amounts == nullptr) continue;
    if (!amounts->is_object()) return MustBe(path + ".resources", key, "an object");
    const std::string wrong = CheckAmounts(*amounts, path + ".resources." + key);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string CheckContainers(const Json& spec, const std::string& path) {
  const Json* containers = Member(spec, "containers");
  if (containers == nullptr || !containers->is_array() || containers->empty()) {
    return MustBe(path, "containers", "a list of at least one container");
  }
  for (const char* key : {"containers", "initContainers"}) {
    const Json* list = Member(spec, key);
    if (list == nullptr) continue;
    if (!list->is_array()) return MustBe(path, key, "a list");
    int index = 0;
    for (const Json& container : *list) {
      const std::string wrong =
          CheckContainer(container, path + '.' + key + '[' + std::to_string(index++) + ']');
      if (!wrong.empty()) return wrong;
    }
  }
  return {};
}

}  // namespace

std::string CheckShape(const Json& pod, const std::string& path) {
  if (!pod.is_object()) return path + " must be an object";
  if (!ObjectOrAbsent(pod, "metadata")) return MustBe(path, "metadata", "an object");
  const Json* metadata = Member(pod, "metadata");
  for (const char* key : {"labels", "annotations"}) {
    if (metadata != nullptr && !ObjectOrAbsent(*metadata, key)) {
      return MustBe(path + ".metadata", key, "an object");
    }
  }
  const Json* spec = Member(pod, "spec");
  if (spec == nullptr || !spec->is_object()) return MustBe(path, "spec", "an object");
  for (const char* key : {"nodeSelector", "securityContext"}) {
    if (!ObjectOrAbsent(*spec, key)) return MustBe(path + ".spec", key, "an object");
  }
  const Json* volumes = Member(*spec, "volumes");
  if (volumes != nullptr && !volumes->is_array())
    return MustBe(path + ".spec", "volumes", "a list");
  return CheckContainers(*spec, path + ".spec");
}

std::string CheckRefused(const Json& pod, const std::string& path) {
  for (const Refused& refused : kRefused) {
    const Json* section = Member(pod, refused.section);
    const Json* value = section == nullptr ? nullptr : Member(*section, refused.field);
    if (value != nullptr && Given(*value)) {
      return path + '.' + refused.section + '.' + refused.field + ' ' + refused.why;
    }
  }
  const Json* scheduler = Member(pod["spec"], "schedulerName");
  if (scheduler != nullptr && *scheduler != kSchedulerName && *scheduler != "") {
    return path + ".spec.schedulerName must be \"" + kSchedulerName + "\" or left out";
  }
  const Json* restart = Member(pod["spec"], "restartPolicy");
  if (restart != nullptr && *restart != "Never" && *restart != "OnFailure") {
    return path +
           ".spec.restartPolicy must be Never or OnFailure: a pod that is always started anew "
           "never "
           "ends";
  }
  return {};
}

void EachContainer(Json& pod, const std::string& path,
                   const std::function<void(Json&, const std::string&)>& visit) {
  for (const char* key : {"initContainers", "containers"}) {
    const auto list = pod["spec"].find(key);
    if (list == pod["spec"].end() || !list->is_array()) continue;
    int index = 0;
    for (Json& container : *list) {
      visit(container, path + ".spec." + key + '[' + std::to_string(index++) + ']');
    }
  }
}

}  // namespace muster::api
