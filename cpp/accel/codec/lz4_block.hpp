/// LZ4 blocks over liblz4. Internal to codec.
#pragma once

#include <memory>
#include <string>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"

namespace accel::codec {

/// Level 1 is the fast compressor, 2 to 12 are those of high compression.
std::unique_ptr<UnitEncoder> make_lz4_block_encoder(int level);
/// See decode_chunk.
void decode_lz4_block(ByteView input, MutableByteView out);
/// See encoder_version.
std::string lz4_encoder_version();

}  // namespace accel::codec
