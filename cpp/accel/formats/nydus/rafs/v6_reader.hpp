/// Reads bootstraps of version 6. Spec: rafs-v6.md. Internal to read_bootstrap.
#pragma once

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"

namespace accel::formats::nydus {

/// See read_bootstrap.
Rafs read_v6(ByteView bytes, const BootstrapLimits& limits);

}  // namespace accel::formats::nydus
