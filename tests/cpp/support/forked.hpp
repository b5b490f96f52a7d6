/// Test code that runs in a process of its own.
#pragma once

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <functional>

namespace accel::testing {

/// Forks; the child runs `body` and exits with 0 if it returned true. Call it from a process without other threads.
inline pid_t start_forked(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  bool good = false;
  try {
    good = body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
  }
  ::_exit(good ? 0 : 1);
}

/// How a child ended, as waitpid says it: 0 for exit status 0.
inline int wait_for(pid_t child) {
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// True when `body` returned true, in a process of its own.
inline bool run_forked(const std::function<bool()>& body) { return wait_for(start_forked(body)) == 0; }

}  // namespace accel::testing
