/// gzip over ISA-L (reading) and libdeflate (writing, whole members). Internal to codec.
#pragma once

#include <memory>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"
#include "accel/io/source.hpp"

namespace accel::codec {

/// See make_decoder.
std::unique_ptr<io::ByteStream> make_gzip_decoder(io::ByteStream& compressed, const DecodeLimits& limits);
/// See decode_unit.
void decode_gzip_units(ByteView input, MutableByteView out);
/// See decode_chunk.
void decode_gzip_chunk(ByteView input, MutableByteView out);
/// See encoder_version.
std::string gzip_encoder_version();

}  // namespace accel::codec
