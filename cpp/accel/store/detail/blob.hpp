/// What the stores have in common about blobs: verified streams, shared sources, errors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "accel/base/cancel.hpp"
#include "accel/io/source.hpp"
#include "accel/oci/descriptor.hpp"

namespace accel::store::detail {

/// `source`, of which `blob` says digest and size, as a stream that verifies both and that `cancel` stops.
std::unique_ptr<io::ByteStream> open_verified(std::shared_ptr<io::ByteSource> source, const oci::Descriptor& blob,
                                              const CancelToken& cancel);

/// `length` bytes of `source` from `offset` as a source that keeps the whole one alive.
/// Throws FormatError when the range is not inside.
std::unique_ptr<io::ByteSource> share_range(std::shared_ptr<io::ByteSource> source, std::uint64_t offset,
                                            std::uint64_t length);

/// Throws FormatError unless a stored blob of `size` bytes is as long as its descriptor says.
void check_size(const std::string& place, const oci::Descriptor& blob, std::uint64_t size);

/// Throws NotFound: `place` has no such blob.
[[noreturn]] void blob_not_found(const std::string& place, const oci::Digest& digest);

}  // namespace accel::store::detail
