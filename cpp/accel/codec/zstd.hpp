/// zstd over libzstd. Internal to codec.
#pragma once

#include <memory>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"
#include "accel/io/source.hpp"

namespace accel::codec {

/// See make_decoder.
std::unique_ptr<io::ByteStream> make_zstd_decoder(io::ByteStream& compressed, const DecodeLimits& limits);
/// See decode_unit.
void decode_zstd_units(ByteView input, MutableByteView out);
/// See make_chunk_encoder.
std::unique_ptr<UnitEncoder> make_zstd_chunk_encoder(int level);
/// See decode_chunk.
void decode_zstd_chunk(ByteView input, MutableByteView out);
/// See encoder_version.
std::string zstd_encoder_version();

}  // namespace accel::codec
