/// What the tables of both versions have in common. Internal to the readers of bootstraps.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "accel/formats/nydus/rafs/bootstrap_bytes.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// One chunk entry of 80 bytes, checked against its blob. Spec: rafs-v6.md 13, rafs-v5.md 12.
Chunk read_chunk(const Record& record, const std::vector<Blob>& blobs, std::uint32_t chunk_size, FsVersion version);

/// Where a blob's chunk data ends, in bytes of the file that holds it. Spec: nydus-blob.md 8.1.
std::uint64_t data_end(const Blob& blob, FsVersion version);

/// True when `name` begins with a prefix that RAFS can hold and is at most 255 bytes long. Spec: rafs-v5.md 11.
bool is_xattr_name(std::string_view name) noexcept;

}  // namespace accel::formats::nydus
