/// Encryption of what a RAFS blob holds. Spec: nydus-blob.md 7.
#pragma once

#include <array>
#include <cstddef>

#include "accel/base/bytes.hpp"

namespace accel::formats::nydus {

/// Key and IV of one blob, as its blob table entry states them.
struct BlobKey {
  std::array<std::byte, 32> key{};  ///< data key, tweak key
  std::array<std::byte, 16> iv{};
};

/// A random key.
BlobKey make_blob_key();

/// What an item of `size` bytes takes when it is encrypted: 18 for those below 16 bytes, else `size`.
std::size_t encrypted_size(std::size_t size) noexcept;

/// Appends one encrypted item (a stored chunk or batch, the CI, the CI header) to `out`. Thread-safe. Throws
/// UnsupportedError for more than 16 MiB, which AES-XTS does not encrypt in one piece.
void encrypt_item(const BlobKey& key, ByteView item, Buffer& out);

/// Appends what encrypt_item encrypted.
void decrypt_item(const BlobKey& key, ByteView item, Buffer& out);

}  // namespace accel::formats::nydus
