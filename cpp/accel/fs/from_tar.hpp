/// Lays a tar stream over a tree.
#pragma once

#include "accel/base/cancel.hpp"
#include "accel/fs/tree.hpp"
#include "accel/io/source.hpp"

namespace accel::fs {

/// Adds all entries of `tar` as one layer, with SHA-256 digests of their content, and reads the stream to its end.
/// Throws what tar::Reader and Tree throw, and Cancelled.
void add_layer(Tree& tree, io::ByteStream& tar, const CancelToken& cancel = {});

}  // namespace accel::fs
