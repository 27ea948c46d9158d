#include "exec_plugin.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>

#include "muster/base/clock.h"

extern char** environ;

namespace muster::kube {
namespace {

using base::Code;
using base::Error;

constexpr std::size_t kMaxOutput = 1 << 20;
constexpr std::size_t kMaxShown = 500;

// Two ends of a pipe, closed on exec and at the end.
struct Pipe {
  int read = -1;
  int write = -1;
  bool Open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  static void Close(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
  ~Pipe() {
    Close(read);
    Close(write);
  }
};

// Each name once: of two values most programs take the first.
std::vector<std::string> ChildEnvironment(const ExecPlugin& plugin) {
  std::map<std::string, std::string> values;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::size_t at = text.find('=');
    if (at != text.npos) values.emplace(text.substr(0, at), text.substr(at + 1));
  }
  for (const auto& [name, value] : plugin.env) values[name] = value;
  values["KUBERNETES_EXEC_INFO"] = RenderExecInfo(plugin);
  std::vector<std::string> all;
  all.reserve(values.size());
  for (const auto& [name, value] : values) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// 0 or an errno.
int Spawn(const ExecPlugin& plugin, Pipe& out, Pipe& err, pid_t& pid) {
  std::vector<std::string> arguments = {plugin.command};
  arguments.insert(arguments.end(), plugin.args.begin(), plugin.args.end());
  std::vector<std::string> variables = ChildEnvironment(plugin);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write, STDERR_FILENO);
  const int failed = posix_spawnp(&pid, plugin.command.c_str(), &actions, nullptr,
                                  Pointers(arguments).data(), Pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  Pipe::Close(out.write);
  Pipe::Close(err.write);
  return failed;
}

// Reads both pipes to their ends; false when `timeout_ms` passed before.
bool ReadBoth(const Pipe& out, const Pipe& err, std::int64_t timeout_ms, std::string& stdout_text,
              std::string& stderr_text) {
  const base::Clock& clock = base::SystemClock();
  const std::int64_t deadline = clock.BootMs() + timeout_ms;
  std::array<pollfd, 2> ends = {pollfd{out.read, POLLIN, 0}, pollfd{err.read, POLLIN, 0}};
  std::array<std::string*, 2> texts = {&stdout_text, &stderr_text};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    const std::int64_t left = deadline - clock.BootMs();
    if (left <= 0) return false;
    if (poll(ends.data(), ends.size(), static_cast<int>(left)) < 0 && errno != EINTR) return false;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      char chunk[4096];
      const ssize_t count = read(ends[i].fd, chunk, sizeof chunk);
      if (count <= 0) {
        ends[i].fd = -1;
      } else if (texts[i]->size() < kMaxOutput) {
        texts[i]->append(chunk, static_cast<std::size_t>(count));
      }
    }
  }
  return true;
}

Error Failed(const ExecPlugin& plugin, std::string what, const std::string& stderr_text) {
  std::string message = "exec plugin \"" + plugin.command + "\" " + std::move(what);
  std::string shown = stderr_text.substr(0, kMaxShown);
  while (!shown.empty() && shown.back() == '\n') shown.pop_back();
  if (!shown.empty()) message += ": " + shown;
  return {Code::kInvalid, message, 0};
}

}  // namespace

base::Result<ExecCredential> RunExecPlugin(const ExecPlugin& plugin, std::int64_t timeout_ms) {
  Pipe out;
  Pipe err;
  pid_t pid = -1;
  if (!out.Open() || !err.Open()) return Failed(plugin, "has no pipe", std::strerror(errno));
  if (const int failed = Spawn(plugin, out, err, pid); failed != 0) {
    const std::string hint = plugin.install_hint.empty() ? "" : " (" + plugin.install_hint + ")";
    return Failed(plugin, "cannot be started: " + std::string(std::strerror(failed)) + hint, "");
  }
  std::string stdout_text;
  std::string stderr_text;
  const bool in_time = ReadBoth(out, err, timeout_ms, stdout_text, stderr_text);
  if (!in_time) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) {
    return Failed(plugin, "did not end within " + std::to_string(timeout_ms) + " ms", stderr_text);
  }
  if (!WIFEXITED(status)) return Failed(plugin, "was killed", stderr_text);
  if (WEXITSTATUS(status) != 0) {
    return Failed(plugin, "failed with exit code " + std::to_string(WEXITSTATUS(status)),
                  stderr_text);
  }
  base::Result<ExecCredential> parsed = ParseExecCredential(stdout_text, plugin.api_version);
  if (!parsed.ok()) return Failed(plugin, "printed " + parsed.error().message, stderr_text);
  return parsed;
}

}  // namespace muster::kube
