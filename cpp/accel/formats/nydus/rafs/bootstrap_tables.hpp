/// What bootstraps of both versions have in common when they are written. Internal to the writers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// Compressor, digester and ids of the superblock flags (super_flag).
std::uint64_t common_flags(const Rafs& rafs, bool has_xattrs);

/// One chunk entry of 80 bytes to zeroed memory. Spec: rafs-v6.md 13, rafs-v5.md 12.
void store_chunk(const Chunk& chunk, std::uint64_t file_offset, std::byte* to);

/// Type and permissions as in st_mode.
std::uint16_t full_mode(const Inode& inode);

/// Throws FormatError when `rafs` cannot be a bootstrap of its version: chunk size, number of blobs, blobs without
/// chunks or with ids that are no text of at most 64 bytes, chunks outside their blobs.
void check_tables(const Rafs& rafs);

/// Throws FormatError naming the path when an inode does not fit its version: attributes, a link target that is too
/// long, a number of chunks that is not that of its size.
void check_inode(const Rafs& rafs, Tree::Name name);

/// Throws the FormatError of a file system that cannot be written, naming `path` unless empty.
[[noreturn]] void refuse_bootstrap(const std::string& problem, const std::string& path = {});

}  // namespace accel::formats::nydus
