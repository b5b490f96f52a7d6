/// Programs by other people that tests run when they are there.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/child_process.hpp"

namespace accel::testing {

/// The program at `built` below the cache of peers (~/.cache/accel-peers), or the one of that name in PATH; "" when
/// there is neither.
inline std::string peer_program(const std::filesystem::path& built) {
  namespace fs = std::filesystem;
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  const char* const home = std::getenv("HOME");
  const fs::path base = cache != nullptr && *cache != '\0' ? fs::path(cache) : fs::path(home ? home : "/") / ".cache";
  const fs::path program = base / "accel-peers" / built;
  if (fs::exists(program)) return program.string();
  const std::string name = built.filename().string();
  return program_exists(name) ? name : "";
}

}  // namespace accel::testing
