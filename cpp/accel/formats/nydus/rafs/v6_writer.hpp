/// Writes bootstraps of version 6. Spec: rafs-v6.md.
#pragma once

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// See write_bootstrap.
Buffer write_bootstrap_v6(const Rafs& rafs);

}  // namespace accel::formats::nydus
