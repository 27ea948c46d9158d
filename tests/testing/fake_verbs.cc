// The writing verbs of FakeStore.
#include <algorithm>

#include "muster/base/time_text.h"
#include "testing/fake_store.h"

namespace muster::testing {
namespace {

using Json = nlohmann::json;
using kube::Response;

bool Ours(const FakePath& path) { return path.group_version == "/apis/scheduler.io/v1"; }

std::string Quoted(const FakePath& path) { return path.plural + " \"" + path.name + "\""; }

Response NotFound(const FakePath& path) {
  return FakeStore::Status(404, "NotFound", Quoted(path) + " not found");
}

std::string TextAt(const Json& object, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!object.is_object() || !object.contains(at) || !object.at(at).is_string()) return "";
  return object.at(at).get<std::string>();
}

// A pod on a node ends when its kubelet says so; here when the test calls Remove.
bool EndsGracefully(const FakePath& path, const Json& object, const Json& options) {
  if (path.plural != "pods" || TextAt(object, "/spec/nodeName").empty()) return false;
  const std::string phase = TextAt(object, "/status/phase");
  if (phase == "Succeeded" || phase == "Failed") return false;
  return options.value("gracePeriodSeconds", 30) != 0;
}

}  // namespace

Response FakeStore::Handle(const std::string& method, const FakePath& path,
                           const std::string& body) {
  const auto dry = path.query.find("dryRun");
  const bool dry_run = dry != path.query.end() && dry->second == "All";
  const Json json = body.empty() ? Json::object() : Json::parse(body, nullptr, false);
  if (json.is_discarded()) return Status(400, "BadRequest", "the body of the request is no JSON");
  if (method == "GET" && path.name.empty()) return List(path);
  if (method == "GET") {
    const auto found = Get(path);
    return found ? Response{200, *found, 0} : NotFound(path);
  }
  if (method == "POST" && path.subresource == "binding") return Bind(path, json, dry_run);
  if (method == "POST" && path.subresource == "eviction") {
    return Delete(path, json.value("deleteOptions", Json::object()), dry_run);
  }
  if (method == "POST") return Create(path, json, dry_run);
  if (method == "PUT") return Update(path, json, dry_run);
  if (method == "PATCH") return Patch(path, json, dry_run);
  if (method == "DELETE") return Delete(path, json, dry_run);
  return Status(405, "MethodNotAllowed", method + " is not allowed");
}

Response FakeStore::Create(FakePath path, Json object, bool dry_run) {
  Json& meta = object["metadata"];
  path.name = meta.value("name", "");
  if (path.name.empty() && meta.contains("generateName")) {
    path.name = meta["generateName"].get<std::string>() + std::to_string(next_uid_);
  }
  if (path.name.empty()) return Status(422, "Invalid", "metadata.name: Required value");
  if (objects_.count(KeyOf(path)) != 0) {
    return Status(409, "AlreadyExists", Quoted(path) + " already exists");
  }
  meta["name"] = path.name;
  if (!path.ns.empty()) meta["namespace"] = path.ns;
  meta["uid"] = "uid-" + std::to_string(next_uid_++);
  meta["creationTimestamp"] = base::FormatTime(clock_.Now());
  meta["generation"] = 1;
  if (Ours(path)) object.erase("status");
  if (path.plural == "pods" && !object.contains("status")) object["status"]["phase"] = "Pending";
  return {201, dry_run ? object.dump() : Commit(path, std::move(object), "ADDED"), 0};
}

// 409 if `meta` names a uid or resourceVersion that is not the stored one's.
std::optional<Response> FakeStore::Precondition(const Json& stored, const Json& meta,
                                                const FakePath& path) const {
  for (const char* field : {"uid", "resourceVersion"}) {
    const std::string want = meta.is_object() ? meta.value(field, "") : "";
    if (want.empty() || want == stored["metadata"].value(field, "")) continue;
    return Status(409, "Conflict",
                  "Operation cannot be fulfilled on " + Quoted(path) +
                      ": Precondition failed: " + field + " in precondition: " + want);
  }
  return std::nullopt;
}

Response FakeStore::Update(const FakePath& path, Json object, bool dry_run) {
  const auto found = objects_.find(KeyOf(path));
  if (found == objects_.end()) return NotFound(path);
  const Json& stored = found->second;
  if (auto refused = Precondition(stored, object["metadata"], path)) return *refused;
  Json next = object;
  if (path.subresource == "status") {
    next = stored;
    next["status"] = object.value("status", Json::object());
  } else if (Ours(path) || path.plural == "pods") {
    next.erase("status");
    if (stored.contains("status")) next["status"] = stored["status"];
  }
  for (const char* field : {"uid", "creationTimestamp", "resourceVersion", "deletionTimestamp"}) {
    if (stored["metadata"].contains(field)) next["metadata"][field] = stored["metadata"][field];
  }
  const std::int64_t generation = stored["metadata"].value("generation", 1);
  const bool changed = next.value("spec", Json()) != stored.value("spec", Json());
  next["metadata"]["generation"] = generation + (changed ? 1 : 0);
  if (next == stored || dry_run) return {200, next.dump(), 0};
  const bool gone = next["metadata"].contains("deletionTimestamp") &&
                    next["metadata"].value("finalizers", Json::array()).empty() &&
                    path.plural != "pods";
  return {200, Commit(path, std::move(next), gone ? "DELETED" : "MODIFIED"), 0};
}

Response FakeStore::Patch(const FakePath& path, const Json& patch, bool dry_run) {
  const auto found = objects_.find(KeyOf(path));
  const bool apply = path.query.count("fieldManager") != 0 && patch.contains("apiVersion");
  if (found == objects_.end() && apply) {
    Json object = patch;
    object["metadata"]["name"] = path.name;
    return Create(path, std::move(object), dry_run);
  }
  if (found == objects_.end()) return NotFound(path);
  Json next = found->second;
  if (patch.is_array()) {
    try {
      next = next.patch(patch);
    } catch (const Json::exception& e) {
      return Status(422, "Invalid", e.what());
    }
  } else {
    next.merge_patch(patch);
  }
  return Update(path, std::move(next), dry_run);
}

Response FakeStore::Delete(const FakePath& path, const Json& options, bool dry_run) {
  const auto found = objects_.find(KeyOf(path));
  if (found == objects_.end()) return NotFound(path);
  const Json preconditions = options.value("preconditions", Json::object());
  if (auto refused = Precondition(found->second, preconditions, path)) return *refused;
  const bool eviction = path.subresource == "eviction";
  const int code = eviction ? 201 : 200;
  if (dry_run) return {code, found->second.dump(), 0};
  Json object = found->second;
  const bool finalizers = !object["metadata"].value("finalizers", Json::array()).empty();
  if (finalizers || EndsGracefully(path, object, options)) {
    if (object["metadata"].contains("deletionTimestamp")) return {code, object.dump(), 0};
    object["metadata"]["deletionTimestamp"] = base::FormatTime(clock_.Now());
    return {code, Commit(path, std::move(object), "MODIFIED"), 0};
  }
  return {code, Commit(path, std::move(object), "DELETED"), 0};
}

Response FakeStore::Bind(const FakePath& path, const Json& binding, bool dry_run) {
  const auto found = objects_.find(KeyOf(path));
  if (found == objects_.end()) return NotFound(path);
  const Json meta = binding.value("metadata", Json::object());
  if (auto refused = Precondition(found->second, meta, path)) return *refused;
  if (!TextAt(found->second, "/spec/nodeName").empty()) {
    return Status(409, "Conflict",
                  "Operation cannot be fulfilled on pods/binding \"" + path.name + "\": pod " +
                      path.name + " is already assigned to node \"" +
                      TextAt(found->second, "/spec/nodeName") + "\"");
  }
  Json object = found->second;
  object["spec"]["nodeName"] = TextAt(binding, "/target/name");
  if (!dry_run) Commit(path, std::move(object), "MODIFIED");
  return {201, R"({"kind":"Status","apiVersion":"v1","status":"Success","code":201})", 0};
}

}  // namespace muster::testing
