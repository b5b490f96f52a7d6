/// Host names to addresses, cancellable.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "accel/base/cancel.hpp"

namespace accel::net {

/// The addresses of `host` as text ("192.0.2.1", "2001:db8::1"), in the order the system prefers them; never empty.
/// A host that is an address is returned as it is. Throws Unreachable (retryable unless the name does not exist) and
/// Cancelled.
std::vector<std::string> resolve(const std::string& host, std::chrono::milliseconds timeout, const CancelToken& cancel);

}  // namespace accel::net
