#include "models/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <thread>

namespace parley::models {
namespace {

using core::Code;
using core::fail;
using namespace std::chrono_literals;

std::vector<std::string> environment(std::vector<std::string> const& extra) {
  std::vector<std::string> result = extra;
  for (char** entry = environ; entry && *entry; ++entry) {
    std::string_view const ours = *entry;
    auto const name = ours.substr(0, ours.find('=') + 1);
    bool const replaced = std::ranges::any_of(extra, [&](std::string const& other) { return other.starts_with(name); });
    if (!replaced) result.emplace_back(ours);
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (auto& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

class Spawner {
 public:
  Spawner() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~Spawner() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Spawner(Spawner const&) = delete;
  Spawner& operator=(Spawner const&) = delete;

  /// 0 or an errno.
  int start(Command const& command, pid_t& pid) {
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, command.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
    // A group of its own: Ctrl-C reaches only us, and we end the child with everything it started.
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t none;
    sigset_t ours;
    sigemptyset(&none);
    sigemptyset(&ours);
    for (int const number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) sigaddset(&ours, number);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &ours);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    auto words = command.words;
    auto variables = environment(command.environment);
    return posix_spawnp(&pid, words[0].c_str(), &actions_, &attributes_, pointers(words).data(), pointers(variables).data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::string last_lines(std::filesystem::path const& log) {
  std::ifstream file(log);
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    // pip tells of every attempt, at length; what counts comes after.
    if (line.starts_with("WARNING: Retrying")) continue;
    lines.push_back(line.substr(0, 300));
    if (lines.size() > 3) lines.pop_front();
  }
  std::string text;
  for (auto const& line : lines) text += (text.empty() ? "" : " | ") + line;
  return text.empty() ? "it said nothing" : text;
}

void end(pid_t pid) {
  kill(-pid, SIGTERM);
  for (int i = 0; i < 60; ++i) {
    if (waitpid(pid, nullptr, WNOHANG) == pid) {
      kill(-pid, SIGKILL);  // whoever of the group is left
      return;
    }
    std::this_thread::sleep_for(50ms);
  }
  kill(-pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

}  // namespace

core::Result<void> run(Command const& command, std::function<void()> const& tick, std::stop_token stop) {
  auto const& program = command.words[0];
  std::error_code none;
  std::filesystem::remove(command.log, none);
  pid_t pid = 0;
  if (int const error = Spawner().start(command, pid); error != 0) {
    return fail(Code::unavailable, program + " cannot be started: " + std::strerror(error), program);
  }
  int status = 0;
  for (int round = 0;; ++round) {
    if (stop.stop_requested()) {
      end(pid);
      return fail(Code::cancelled, "stopped", program);
    }
    auto const ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid) break;
    if (ended < 0 && errno != EINTR) return fail(Code::internal, std::string("waitpid: ") + std::strerror(errno), program);
    if (tick && round % 10 == 0) tick();
    std::this_thread::sleep_for(20ms);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  auto const how = WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status))
                                       : "ended with status " + std::to_string(WEXITSTATUS(status));
  return fail(Code::unavailable, program + " " + how + ": " + last_lines(command.log), program);
}

}  // namespace parley::models
