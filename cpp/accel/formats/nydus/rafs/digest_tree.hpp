/// Digests of files and directories, which v5 stores. Spec: rafs-v5.md 13.
#pragma once

#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/numbering.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// By inode, for those that have names. The root's covers names' order, link targets and content of the whole tree, and
/// no attributes.
std::vector<RawDigest> inode_digests(const Rafs& rafs, const Numbering& numbering);

}  // namespace accel::formats::nydus
