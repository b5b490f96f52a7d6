/// Reads bootstraps of version 5. Spec: rafs-v5.md. Internal to read_bootstrap.
#pragma once

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"

namespace accel::formats::nydus {

/// Judged by the magic and version at its start.
bool is_v5_bootstrap(ByteView bytes) noexcept;

/// See read_bootstrap.
Rafs read_v5(ByteView bytes, const BootstrapLimits& limits);

}  // namespace accel::formats::nydus
