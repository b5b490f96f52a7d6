/// Compression of single chunks as Nydus stores them: the size of a chunk is known from elsewhere, and so is its
/// digest, so that stored chunks carry neither. Spec: nydus-blob.md 5.2.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"

namespace accel::codec {

enum class ChunkCodec : std::uint8_t {
  none,
  lz4_block,  ///< an LZ4 block: no frame, no size
  gzip,       ///< one gzip member
  zstd,       ///< one zstd frame with content size, without checksum
};

struct LevelRange {
  int least, most, standard;
};
/// The levels of a codec: lz4_block 1 (fast) to 12 (high compression), gzip 0 to 12, zstd 1 to 22; none has only 0.
LevelRange levels_of(ChunkCodec codec) noexcept;

/// Each call of `encode` appends one chunk. What comes out may be larger than what went in. Throws ConfigError for a
/// level outside levels_of.
std::unique_ptr<UnitEncoder> make_chunk_encoder(ChunkCodec codec, int level);

/// Appends to `out` what the encoder of ChunkCodec::zstd makes of the same content at the same level as `zstd_unit`, a
/// frame of `make_zstd_encoder`. Throws Error for anything that is no such frame.
void append_chunk(ByteView zstd_unit, Buffer& out);

/// Decodes the whole of `input` into exactly `out.size()` bytes. Throws FormatError when it is not good or holds
/// another number of bytes. Thread-safe.
void decode_chunk(ChunkCodec codec, ByteView input, MutableByteView out);

/// See encoder_version.
std::string chunk_encoder_version(ChunkCodec codec);

}  // namespace accel::codec
