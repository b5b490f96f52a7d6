/// Runs a program that takes and gives bytes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "accel/base/bytes.hpp"

namespace accel::crypt {

struct ProgramResult {
  int exit_code = -1;  ///< -1: ended by a signal
  Bytes output;
  std::string errors;  ///< what it wrote to standard error
};

/// Runs `arguments[0]`, looked for in PATH, to its end. It reads `input` from standard input and `extra`, if that is
/// not null, from descriptor 3; nothing of both is on a command line or in a file with a name. Throws StoreError when
/// it cannot be started, Error when it takes longer than `limit` (it is killed then) or writes more than 16 MiB.
ProgramResult run_program(const std::vector<std::string>& arguments, ByteView input, const std::string* extra,
                          std::chrono::milliseconds limit);

}  // namespace accel::crypt
