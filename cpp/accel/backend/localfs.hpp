/// The backend "localfs": a directory, for instance one that is shared between nodes.
#pragma once

#include <memory>

#include "accel/backend/backend.hpp"
#include "accel/backend/config.hpp"

namespace accel::backend {

/// Blobs are files `<dir>/<hex>`; the directory is made when the first blob comes. Files appear whole and flushed.
std::shared_ptr<BlobBackend> make_localfs_backend(const LocalfsConfig& config, bool force_push);

}  // namespace accel::backend
