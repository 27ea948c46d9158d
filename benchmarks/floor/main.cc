// floor_client jobs|pods|life|list --flag value …: see floor.h.  Prints one line of JSON.
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#include "floor/floor.h"
#include "muster/base/clock.h"
#include "muster/base/text.h"
#include "muster/kube/cpprest_transport.h"
#include "muster/kube/kubeconfig.h"

namespace {

using namespace muster;

constexpr double kUnlimited = 1e9;  // requests a second: only `in_flight` bounds the floor

// As the operator does, for its memory is compared with ours.
void ShareArenas() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "floor_client: %s\n", message.c_str());
  return 2;
}

bool Parse(int argc, char** argv, floor::Options& options) {
  const std::map<std::string, std::function<void(const std::string&)>> flags = {
      {"--kubeconfig", [&](const std::string& v) { options.kubeconfig = v; }},
      {"--namespace", [&](const std::string& v) { options.ns = v; }},
      {"--body", [&](const std::string& v) { options.body_file = v; }},
      {"--prefix", [&](const std::string& v) { options.prefix = v; }},
      {"--tenant", [&](const std::string& v) { options.tenant = v; }},
      {"--epoch", [&](const std::string& v) { options.epoch = base::ParseInt(v).value_or(0); }},
      {"--count", [&](const std::string& v) { options.count = std::atoi(v.c_str()); }},
      {"--in-flight", [&](const std::string& v) { options.in_flight = std::atoi(v.c_str()); }},
      {"--rate", [&](const std::string& v) { options.rate = std::atof(v.c_str()); }},
  };
  if (argc < 2 || argc % 2 != 0) return false;
  options.mode = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const auto flag = flags.find(argv[i]);
    if (flag == flags.end()) return false;
    flag->second(argv[i + 1]);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, void (*)(kube::Client&, const floor::Options&, floor::Tally&)> modes =
      {{"jobs", &floor::CreateJobs}, {"pods", &floor::CreatePods}, {"life", &floor::LiveJobs}};
  ShareArenas();
  floor::Options options;
  if (!Parse(argc, argv, options) || (options.mode != "list" && !modes.contains(options.mode))) {
    return Fail("usage: floor_client jobs|pods|life|list --kubeconfig FILE --namespace NS …");
  }
  const auto connection = kube::LoadConnection({options.kubeconfig, ""});
  if (!connection.ok()) return Fail(connection.error().message);
  kube::SkipSystemTrust(*connection);
  const auto transport = kube::MakeCpprestTransport(*connection);
  if (!transport.ok()) return Fail(transport.error().message);
  floor::Tally tally;
  floor::Listed listed;
  if (options.mode == "list") {
    listed = floor::ListAll(**transport, tally);
  } else {
    kube::Client client(*transport, base::SystemClock(),
                        {kUnlimited, static_cast<int>(kUnlimited), options.in_flight});
    modes.at(options.mode)(client, options, tally);
  }
  const std::string error = tally.first_error();
  if (!error.empty()) std::fprintf(stderr, "floor_client: %s\n", error.c_str());
  std::printf(
      "{\"ok\":%lld,\"failed\":%lld,\"objects\":%lld,\"seconds\":%.4f,\"residentMiB\":%.1f}\n",
      static_cast<long long>(tally.ok()), static_cast<long long>(tally.failed()),
      static_cast<long long>(listed.objects), listed.seconds, listed.resident_mib);
  return tally.failed() == 0 ? 0 : 1;
}
