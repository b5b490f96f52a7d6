/// Blobs for tests: content that looks random and is the same everywhere, and what describes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/source.hpp"
#include "accel/oci/descriptor.hpp"

namespace accel::testing {

inline Bytes make_content(std::size_t size, unsigned seed) {
  Bytes content(size);
  std::uint32_t state = seed * 2654435761U + 1;
  for (auto& byte : content) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>(state >> 24U);
  }
  return content;
}

inline oci::Descriptor describe_blob(ByteView content) {
  oci::Descriptor blob;
  blob.media_type = "application/octet-stream";
  blob.digest = hash::sha256(content);
  blob.size = content.size();
  return blob;
}

inline Bytes read_to_end(io::ByteStream& stream, std::size_t piece = 100'000) {
  Bytes content;
  Bytes block(piece);
  while (const std::size_t count = stream.read(block)) {
    content.insert(content.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return content;
}

}  // namespace accel::testing
