/// Compressors of nydus as codecs of ours.
#pragma once

#include <string>

#include "accel/codec/chunk_codec.hpp"
#include "accel/formats/nydus/layout.hpp"

namespace accel::formats::nydus {

/// Throws UnsupportedError for a number that is none.
codec::ChunkCodec chunk_codec(Compressor compressor);

inline int default_level(Compressor compressor) { return codec::levels_of(chunk_codec(compressor)).standard; }

/// "none", "lz4_block", "gzip", "zstd".
std::string_view to_string(Compressor compressor);

}  // namespace accel::formats::nydus
