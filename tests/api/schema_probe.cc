// Reads `KIND\n` and an object from standard input; prints what the codec read of it, what was wrong,
// and the status that would be written back: the other half of schema_test.py.
#include <cstdio>
#include <string>

#include "api/json_fields_json.h"
#include "muster/api/codec.h"
#include "muster/api/render.h"

namespace muster::api {
namespace {

std::string Patch(const Job& from) { return JobStatusPatch(Job{}, from.status); }
std::string Patch(const Tenant& from) { return TenantStatusPatch(Tenant{}, from.status); }
std::string Patch(const ResourceQuota& from) {
  return QuotaStatusPatch(ResourceQuota{}, from.status);
}
std::string Patch(const Workflow& from) { return WorkflowStatusPatch(Workflow{}, from.status); }

template <class T>
void Probe(const std::string& text) {
  FieldTrace trace;
  const T object = Decode<T>(text);
  const Json out = {{"invalid", object.invalid},
                    {"read", trace.paths()},
                    {"patch", Json::parse(Patch(object), nullptr, false)}};
  std::puts(out.dump().c_str());
}

std::string ReadAll() {
  std::string text;
  for (int c = std::getchar(); c != EOF; c = std::getchar()) text += static_cast<char>(c);
  return text;
}

int Run() {
  const std::string input = ReadAll();
  const std::size_t line = input.find('\n');
  if (line == std::string::npos) return 2;
  const std::string kind = input.substr(0, line);
  const std::string text = input.substr(line + 1);
  if (kind == "Job") Probe<Job>(text);
  if (kind == "Tenant") Probe<Tenant>(text);
  if (kind == "ResourceQuota") Probe<ResourceQuota>(text);
  if (kind == "Workflow") Probe<Workflow>(text);
  return 0;
}

}  // namespace
}  // namespace muster::api

int main() { return muster::api::Run(); }
