#include "accel/registry/credential_helper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "accel/base/error.hpp"
#include "accel/io/unique_fd.hpp"

extern char** environ;

namespace accel::registry {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
constexpr std::size_t kMaxOutput = 1U << 20U;
constexpr std::chrono::milliseconds kPoll{50};

struct Pipe {
  io::UniqueFd read_end, write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw StoreError("make a pipe for", "a credential helper", errno);
  return {io::UniqueFd(ends[0]), io::UniqueFd(ends[1])};
}

/// The running program; killed and collected when it is left early.
class Child {
 public:
  Child(const std::string& program, int in, int out) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    std::string name = program;
    std::string verb = "get";
    std::array<char*, 3> arguments = {name.data(), verb.data(), nullptr};
    const int error = ::posix_spawnp(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
      pid_ = -1;
      throw ConfigError("run " + program + ": " + std::strerror(error),
                        "install the program, or take it out of the docker config");
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  /// The exit code when it has ended; a program that closed its output is about to.
  std::optional<int> poll_exit() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }

 private:
  pid_t pid_ = -1;
};

/// Reads all output until the program closes it.
std::string read_output(int fd, const std::string& program, SteadyTime end, const CancelToken& cancel) {
  std::string output;
  for (;;) {
    cancel.check();
    if (std::chrono::steady_clock::now() >= end) throw ConfigError("run " + program + ": no answer in time");
    pollfd state{fd, POLLIN, 0};
    if (::poll(&state, 1, static_cast<int>(kPoll.count())) <= 0) continue;
    std::array<char, 4096> block;
    const ssize_t count = ::read(fd, block.data(), block.size());
    if (count == 0) return output;
    if (count < 0 && errno != EINTR) throw StoreError("read the output of", program, errno);
    if (count > 0) output.append(block.data(), static_cast<std::size_t>(count));
    if (output.size() > kMaxOutput) throw ConfigError("run " + program + ": more than 1 MiB of output");
  }
}

/// A pipe whose reader is gone must not kill the process; a server name always fits into the pipe's buffer.
void write_input(const io::UniqueFd& fd, const std::string& text) {
  sigset_t pipe_signal;
  sigset_t old;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
  const ssize_t count = ::write(fd.get(), text.data(), text.size());
  if (count < 0 && errno == EPIPE) {
    const timespec now{};
    sigtimedwait(&pipe_signal, nullptr, &now);  // takes back the signal that is pending for this thread
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

Credentials parse_answer(const std::string& output, const std::string& program) {
  const auto answer = nlohmann::json::parse(output, nullptr, false);
  const auto member = [&](const char* name) -> std::string {
    if (!answer.is_object() || !answer.contains(name) || !answer[name].is_string()) {
      throw ConfigError("run " + program + ": its answer has no \"" + name + "\"");
    }
    return answer[name].get<std::string>();
  };
  Credentials credentials;
  const std::string user = member("Username");
  if (user == "<token>") {
    credentials.identity_token = member("Secret");
  } else {
    credentials.username = user;
    credentials.password = member("Secret");
  }
  return credentials;
}

}  // namespace

std::optional<Credentials> run_credential_helper(const std::string& helper, const std::string& server,
                                                 std::chrono::milliseconds timeout, const CancelToken& cancel) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (helper.empty() || !std::all_of(helper.begin(), helper.end(), plain)) {
    throw ConfigError("\"" + helper + "\" is no name of a docker credential helper");
  }
  const std::string program = "docker-credential-" + helper;
  const SteadyTime end = std::chrono::steady_clock::now() + timeout;
  Pipe input = make_pipe();
  Pipe output = make_pipe();
  Child child(program, input.read_end.get(), output.write_end.get());
  input.read_end.reset();
  output.write_end.reset();
  write_input(input.write_end, server + "\n");
  input.write_end.reset();
  const std::string text = read_output(output.read_end.get(), program, end, cancel);
  std::optional<int> code;
  while (!(code = child.poll_exit())) {
    cancel.check();
    if (std::chrono::steady_clock::now() >= end) throw ConfigError("run " + program + ": it does not end");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (*code == 0) return parse_answer(text, program);
  // The helpers' common library prints this sentence on standard output and exits with 1.
  if (text.find("credentials not found") != std::string::npos) return std::nullopt;
  throw ConfigError("run " + program + " get: exit code " + std::to_string(*code) + ": " + text.substr(0, 200),
                    "try the program by hand, or take it out of the docker config");
}

}  // namespace accel::registry
