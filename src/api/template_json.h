// What stands between a user's pod template and the pod: fields that Muster refuses, the tenant's
// security policy, the rendezvous environment.
//
// Each Check returns an empty text, or one sentence that begins with the path of the field.
// Threads: pure functions.
#pragma once

#include <functional>
#include <string>

#include "api/json_fields_json.h"
#include "muster/api/render.h"

namespace muster::api {

// Types of everything that rendering touches; the rest is for the API server to judge.
std::string CheckShape(const Json& pod, const std::string& path);

// Fields that Muster sets itself or cannot honour.
std::string CheckRefused(const Json& pod, const std::string& path);

// The tenant's allow-list on the rendered pod.  Where the policy demands a value and the pod leaves
// it open, it is filled in.
std::string ApplySecurity(const SecurityPolicy& policy, const std::string& path, Json& pod);

// Rendezvous variables in front of each container's own, so that those may refer to them; one that
// the container sets itself in env is left out.  What envFrom brings is not known here.
void AddEnvironment(const PodContext& context, const TaskSpec& task, std::int32_t index, Json& pod);

// Calls `visit` for each container and init container of pod.spec with its path.
void EachContainer(Json& pod, const std::string& path,
                   const std::function<void(Json& container, const std::string& path)>& visit);

// Replicas of all tasks together.
std::int64_t PodCount(const Job& job);

}  // namespace muster::api
