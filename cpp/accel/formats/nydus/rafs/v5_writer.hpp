/// Writes bootstraps of version 5. Spec: rafs-v5.md.
#pragma once

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// See write_bootstrap.
Buffer write_bootstrap_v5(const Rafs& rafs);

}  // namespace accel::formats::nydus
