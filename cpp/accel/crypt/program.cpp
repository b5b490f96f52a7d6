#include "accel/crypt/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "accel/base/error.hpp"
#include "accel/io/file.hpp"
#include "accel/io/unique_fd.hpp"

extern char** environ;

namespace accel::crypt {

namespace {

constexpr std::size_t kMaxOutput = 16U << 20U;

/// Memory that looks like a file: no pipe that could fill up, and no bytes on a disk.
io::UniqueFd memory_file(ByteView content, const std::string& program) {
  io::UniqueFd fd(::memfd_create("accel", MFD_CLOEXEC));
  if (!fd) throw StoreError("make memory for", program, errno);
  io::write_all(fd.get(), content, program);
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) throw StoreError("make memory for", program, errno);
  return fd;
}

Bytes content_of(const io::UniqueFd& fd, const std::string& program) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) throw StoreError("read the output of", program, errno);
  if (static_cast<std::uint64_t>(info.st_size) > kMaxOutput) throw Error(program + " wrote more than 16 MiB");
  Bytes bytes(static_cast<std::size_t>(info.st_size));
  io::pread_all(fd.get(), 0, bytes, program);
  return bytes;
}

/// Waits for the end; kills the program when it takes too long.
int wait_for(pid_t pid, const std::string& program, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) break;
    if (ended < 0 && errno != EINTR) throw StoreError("wait for", program, errno);
    if (std::chrono::steady_clock::now() > end) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      throw Error(program + " did not end within " + std::to_string(limit.count() / 1000) + " s",
                  "it may wait for a password or for a lock on its files");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  void give(const io::UniqueFd& fd, int as) { ::posix_spawn_file_actions_adddup2(&actions_, fd.get(), as); }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

/// A descriptor above those that the program gets, so that giving one does not overwrite another.
io::UniqueFd raised(io::UniqueFd fd) {
  constexpr int kFirstFree = 10;
  io::UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstFree));
  if (!high) throw StoreError("duplicate a descriptor of", "memory", errno);
  return high;
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments, ByteView input, const std::string* extra,
                          std::chrono::milliseconds limit) {
  const std::string& program = arguments.at(0);
  const io::UniqueFd in = raised(memory_file(input, program));
  const io::UniqueFd out = raised(memory_file({}, program));
  const io::UniqueFd errors = raised(memory_file({}, program));
  const io::UniqueFd third = extra == nullptr ? io::UniqueFd() : raised(memory_file(as_bytes(*extra), program));
  SpawnActions actions;
  actions.give(in, STDIN_FILENO);
  actions.give(out, STDOUT_FILENO);
  actions.give(errors, STDERR_FILENO);
  if (third) actions.give(third, 3);
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0], actions.get(), nullptr, argv.data(), environ);
  if (error != 0) throw StoreError("start", program, error);
  ProgramResult result;
  result.exit_code = wait_for(pid, program, limit);
  result.output = content_of(out, program);
  result.errors = to_string(content_of(errors, program));
  return result;
}

}  // namespace accel::crypt
