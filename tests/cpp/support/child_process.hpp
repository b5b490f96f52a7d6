/// A program that runs beside a test.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace accel::testing {

/// Runs a program until the test ends; its output goes to a file. Killed and collected by the destructor.
class ChildProcess {
 public:
  /// Throws std::runtime_error when it cannot be started. `arguments[0]` is the program, looked for in PATH.
  ChildProcess(const std::vector<std::string>& arguments, const std::string& output_file);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();
  /// False once it has ended.
  [[nodiscard]] bool running();

 private:
  pid_t pid_ = -1;
};

/// Runs a program to its end; returns its exit code.
int run_program(const std::vector<std::string>& arguments, const std::string& output_file);

/// True when a program of that name is in PATH.
bool program_exists(const std::string& name);

/// A TCP port of 127.0.0.1 that nobody listens to at the moment.
std::uint16_t free_port();

/// True when somebody listens to it.
bool port_answers(std::uint16_t port);

}  // namespace accel::testing
