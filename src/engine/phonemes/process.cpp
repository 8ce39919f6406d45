#include "engine/phonemes/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace parley::engine {
namespace {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

struct Channel {
  Descriptor ours, theirs;
};

// Sockets, not pipes: only with a socket can one write to a reader that has gone without a SIGPIPE for the whole program.
core::Result<Channel> open_channel() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return core::fail(core::Code::unavailable, std::string("no channel to a helper program could be opened: ") +
                                                   std::strerror(errno) + "; raise the limit of open files");
  }
  Channel channel{Descriptor(fds[0]), Descriptor(fds[1])};
  ::fcntl(channel.ours.get(), F_SETFL, O_NONBLOCK);
  return channel;
}

class SpawnSetup {
 public:
  SpawnSetup() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSetup(SpawnSetup const&) = delete;
  SpawnSetup& operator=(SpawnSetup const&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  void connect(Descriptor const& from, int to) { posix_spawn_file_actions_adddup2(&actions_, from.get(), to); }
  int spawn(pid_t& pid, std::vector<std::string> const& arguments) {
    std::vector<std::string> copies = arguments;
    std::vector<char*> argv;
    for (auto& argument : copies) argv.push_back(argument.data());
    argv.push_back(nullptr);
    return posix_spawnp(&pid, argv.front(), &actions_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

using Deadline = std::chrono::steady_clock::time_point;

// Kills and reaps what has not ended on its own.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(Child const&) = delete;
  Child& operator=(Child const&) = delete;
  ~Child() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  /// The exit code, or -1 when the deadline came first.
  int wait(Deadline deadline) {
    for (;;) {
      int status = 0;
      auto const done = ::waitpid(pid_, &status, WNOHANG);
      if (done == pid_) {
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
      if (done < 0 && errno != EINTR) {
        pid_ = -1;  // somebody ignores SIGCHLD: the system has reaped it, and its output is complete
        return 0;
      }
      if (std::chrono::steady_clock::now() >= deadline) return -1;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }

 private:
  pid_t pid_;
};

void feed(Descriptor& to, std::string_view& input) {
  while (!input.empty()) {
    auto const sent = ::send(to.get(), input.data(), input.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) input = {};  // it does not read any more: what it has written still counts
    if (sent > 0) input.remove_prefix(static_cast<std::size_t>(sent));
  }
  to.close();
}

void drain(Descriptor& from, std::string& into) {
  std::array<char, 16384> block;
  for (;;) {
    auto const got = ::recv(from.get(), block.data(), block.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return from.close();
    into.append(block.data(), static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < block.size()) return;
  }
}

}  // namespace

core::Result<ProcessOutput> run_process(std::vector<std::string> const& arguments, std::string_view input,
                                        std::chrono::milliseconds timeout, std::size_t limit) {
  if (arguments.empty()) return core::fail(core::Code::internal, "a program without a name cannot be run");
  auto const& program = arguments.front();
  auto const deadline = std::chrono::steady_clock::now() + timeout;
  auto in = open_channel();
  auto out = open_channel();
  auto err = open_channel();
  if (!in) return std::unexpected(in.error());
  if (!out) return std::unexpected(out.error());
  if (!err) return std::unexpected(err.error());

  SpawnSetup setup;
  setup.connect(in->theirs, STDIN_FILENO);
  setup.connect(out->theirs, STDOUT_FILENO);
  setup.connect(err->theirs, STDERR_FILENO);
  pid_t pid = -1;
  if (auto const failed = setup.spawn(pid, arguments); failed != 0) {
    if (failed == ENOENT) {
      return core::fail(core::Code::unavailable,
                        program + " is not installed; install it (Debian: apt install " + program + ")", program);
    }
    return core::fail(core::Code::unavailable, program + " could not be started: " + std::strerror(failed), program);
  }
  Child child(pid);
  in->theirs.close();
  out->theirs.close();
  err->theirs.close();

  ProcessOutput result;
  feed(in->ours, input);
  while (out->ours.open() || err->ours.open()) {
    auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return core::fail(core::Code::deadline, program + " did not finish within " + std::to_string(timeout.count()) + " ms",
                        program);
    }
    std::array<pollfd, 3> waiting{{{in->ours.get(), POLLOUT, 0}, {out->ours.get(), POLLIN, 0}, {err->ours.get(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) {
      return core::fail(core::Code::internal, std::string("waiting for ") + program + " failed: " + std::strerror(errno),
                        program);
    }
    if (waiting[0].revents != 0) feed(in->ours, input);
    if (waiting[1].revents != 0) drain(out->ours, result.output);
    if (waiting[2].revents != 0) drain(err->ours, result.errors);
    if (result.output.size() > limit || result.errors.size() > limit) {
      return core::fail(core::Code::too_large, program + " answered with more than " + std::to_string(limit) + " bytes",
                        program);
    }
  }
  result.exit_code = child.wait(deadline);
  if (result.exit_code < 0) {
    return core::fail(core::Code::deadline, program + " did not finish within " + std::to_string(timeout.count()) + " ms",
                      program);
  }
  return result;
}

}  // namespace parley::engine
