// Structs to JSON.  Empty text, zero times and empty lists are left out, so that what was never set
// is never written.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/json_fields_json.h"
#include "muster/api/job.h"
#include "muster/api/tenant.h"
#include "muster/api/workflow.h"

namespace muster::api {

// The most that texts in a status hold, in bytes (maxLength in the schemas); longer ones are cut.
inline constexpr std::size_t kMaxMessage = 4'096;

void PutText(Json& to, const char* key, const std::string& text);
// Never cut: they are decisions, not words.
void PutRanges(Json& to, const char* key, const std::string& ranges);
void PutTime(Json& to, const char* key, base::TimePoint time);
void PutTexts(Json& to, const char* key, const std::vector<std::string>& texts);
void PutResources(Json& to, const char* key, const ResourceList& list);
void PutConditions(Json& to, const std::vector<Condition>& conditions);

// "1500m", "4Gi", "8": the unit follows the resource's name.
std::string FormatAmount(std::string_view resource, std::int64_t amount);

Json StatusToJson(const JobStatus& status);
Json StatusToJson(const TenantStatus& status);
Json StatusToJson(const ResourceQuotaStatus& status);
Json StatusToJson(const WorkflowStatus& status);

// The text as JSON; bytes that are no UTF-8 are replaced.
std::string ToText(const Json& json);

}  // namespace muster::api
