/// Runs docker-credential-* programs.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "accel/base/cancel.hpp"
#include "accel/registry/credentials.hpp"

namespace accel::registry {

/// Asks `docker-credential-<helper> get` for `server`. Nothing when the helper knows no such server. Throws
/// ConfigError naming the helper when it cannot be run, fails, takes too long or prints something unexpected;
/// Cancelled.
std::optional<Credentials> run_credential_helper(const std::string& helper, const std::string& server,
                                                 std::chrono::milliseconds timeout, const CancelToken& cancel);

}  // namespace accel::registry
