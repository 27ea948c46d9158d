// muster-operator: flags, environment and file to Settings, connections, and the Operator.
#include <malloc.h>

#include <csignal>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/log.h"
#include "muster/config/load.h"
#include "muster/config/reference.h"
#include "muster/kube/cpprest_transport.h"
#include "muster/kube/kubeconfig.h"
#include "muster/sched/schedule.h"
#include "operator.h"

namespace {

using namespace muster;

constexpr char kVersion[] = MUSTER_VERSION;

// Many threads decode what one thread keeps.  With an arena for each of them, room that is freed is
// not found by those who need it next; and large buffers go back to the system when they are done.
void ShareArenas() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}

int Fail(const std::string& message) {
  std::cerr << "muster-operator: " << message << "\n";
  return 2;
}

// The signals that ask us to stop are taken by one thread; everyone else has them blocked.
std::thread WaitForSignals(const sigset_t& signals, op::Operator& program) {
  return std::thread([signals, &program] {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGUSR1) program.RequestStop();
  });
}

base::Result<op::Parts> Connect(const config::Invocation& invocation,
                                const config::Settings& settings) {
  const auto connection = kube::LoadConnection({settings.kubeconfig, settings.context});
  if (!connection.ok()) return connection.error();
  kube::SkipSystemTrust(*connection);
  op::Parts parts;
  for (auto* transport : {&parts.transport, &parts.lease_transport}) {
    auto made = kube::MakeCpprestTransport(*connection);
    if (!made.ok()) return made.error();
    *transport = std::move(*made);
  }
  parts.connect = [connection = *connection](const std::string& address) {
    auto made = kube::MakeCpprestTransport(kube::ConnectionTo(connection, address));
    return made.ok() ? std::move(*made) : nullptr;
  };
  parts.invocation = invocation;
  parts.settings = settings;
  parts.version = kVersion;
  return parts;
}

int PrintConfig(const config::Invocation& invocation) {
  const auto settings = config::Load(invocation);
  if (!settings.ok()) return Fail(settings.error().message);
  std::cout << config::ToYaml(*settings);
  return 0;
}

int Run(const config::Invocation& invocation) {
  const auto settings = config::Load(invocation);
  if (!settings.ok()) return Fail(settings.error().message);
  base::InitLog(settings->log_format, settings->log_level);

  for (const std::string& name : invocation.ignored) {
    base::LogWarn("variable without effect: Muster needs no database and serves no API of its own",
                  {{"variable", name}});
  }

  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  base::Result<op::Parts> parts = Connect(invocation, *settings);
  if (!parts.ok()) return Fail(parts.error().message);
  base::LogInfo("muster-operator", {{"version", kVersion}, {"identity", settings->identity}});
  op::Operator program(std::move(*parts));
  std::thread waiter = WaitForSignals(signals, program);
  const int code = program.Run();
  pthread_kill(waiter.native_handle(), SIGUSR1);  // wakes it when no signal has come
  waiter.join();
  base::LogInfo("stopped", {{"code", std::to_string(code)}});
  // Whoever lost the lease must not linger in destructors with writes in flight.
  if (code != 0) std::_Exit(code);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  ShareArenas();
  const std::vector<std::string> args(argv + 1, argv + argc);
  const auto invocation = config::ParseInvocation(args, config::ReadEnvironment());
  if (!invocation.ok()) return Fail(invocation.error().message);
  switch (invocation->command) {
    case config::Command::kHelp:
      std::cout << config::HelpText();
      return 0;
    case config::Command::kVersion:
      std::cout << "muster-operator " << kVersion << "\n";
      return 0;
    case config::Command::kPrintConfig:
      return PrintConfig(*invocation);
    case config::Command::kRun:
      break;
  }
  return Run(*invocation);
}
