/// Decodes a piece of a gzip stream that does not begin at its start. Spec: nydus-blob.md 11.5.
#pragma once

#include <cstdint>

#include "accel/base/bytes.hpp"

namespace accel::codec {

/// A piece that begins at a deflate block, and what one must know of the stream before it.
struct GzipSlice {
  ByteView input;         ///< compressed bytes; the first whole byte of the block comes first
  ByteView window;        ///< the last bytes decompressed before the piece, at most 32 KiB
  std::uint8_t bits = 0;  ///< 0–7: high bits of `byte`, which stands before `input`, that belong to the block
  std::uint8_t byte = 0;
};

/// Decodes exactly `out.size()` bytes; goes on with the next member where one ends. Throws FormatError (offset = in
/// `slice.input`) when the data is bad or ends before. Thread-safe. By zlib, which shares no code with the decoder that
/// finds the places where slices can begin.
void inflate_slice(const GzipSlice& slice, MutableByteView out);

}  // namespace accel::codec
