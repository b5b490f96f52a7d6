/// A bootstrap as bytes: the metadata of a RAFS file system. Spec: rafs-v6.md, rafs-v5.md.
#pragma once

#include <cstdint>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// The bootstrap of `rafs`, byte for byte as the reference writes it (rafs-v6.md 6, rafs-v5.md 9). Throws FormatError
/// for what the version cannot hold (an xattr name without a known prefix, more than kMaxBlobs blobs, …), naming the
/// path.
Buffer write_bootstrap(const Rafs& rafs);

/// What a hostile bootstrap may make us do.
struct BootstrapLimits {
  std::uint64_t max_names = 20'000'000;
  std::uint64_t max_bytes = 2ULL << 30U;
};

/// Reads a bootstrap of either version and checks everything that rafs-v6.md 19 and rafs-v5.md 17 ask for, and that the
/// tree is one (every directory has one name, no circles). Written from the specs without a look at the writers. Throws
/// FormatError with the offset in `bytes`.
Rafs read_bootstrap(ByteView bytes, const BootstrapLimits& limits = {});

/// The blobs of a bootstrap alone: superblocks and blob tables are read and checked, files are not looked at.
std::vector<Blob> read_blob_table(ByteView bytes);

}  // namespace accel::formats::nydus
