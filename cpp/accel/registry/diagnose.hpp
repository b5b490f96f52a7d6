/// Checks the way to a registry step by step: what `accelctl doctor HOST` prints.
#pragma once

#include "accel/base/cancel.hpp"
#include "accel/registry/client.hpp"
#include "accel/registry/host.hpp"

namespace accel::registry {

/// Stops at the first step that fails: those after it could say nothing. Throws only Cancelled.
HostReport diagnose(Host& host, const CancelToken& cancel);

}  // namespace accel::registry
