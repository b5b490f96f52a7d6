#include "accel/codec/chunk_codec.hpp"

#include <cstring>
#include <string>

#include "accel/base/error.hpp"
#include "accel/codec/gzip.hpp"
#include "accel/codec/lz4_block.hpp"
#include "accel/codec/zstd.hpp"

namespace accel::codec {

namespace {

class CopyEncoder final : public UnitEncoder {
 public:
  void encode(ByteView input, Buffer& out) override { out.append(input); }
};

void copy_chunk(ByteView input, MutableByteView out) {
  if (input.size() != out.size()) {
    throw FormatError("read a chunk: it has " + std::to_string(input.size()) + " bytes, want " +
                      std::to_string(out.size()));
  }
  if (!out.empty()) std::memcpy(out.data(), input.data(), out.size());
}

[[noreturn]] void unknown(ChunkCodec codec) {
  throw UnsupportedError("chunk compression number " + std::to_string(static_cast<int>(codec)) + " does not exist");
}

}  // namespace

LevelRange levels_of(ChunkCodec codec) noexcept {
  switch (codec) {
    case ChunkCodec::none:
      break;
    case ChunkCodec::lz4_block:
      return {1, 12, 1};
    case ChunkCodec::gzip:
      return {0, 12, 6};
    case ChunkCodec::zstd:
      return {1, 22, 3};
  }
  return {0, 0, 0};
}

std::unique_ptr<UnitEncoder> make_chunk_encoder(ChunkCodec codec, int level) {
  const LevelRange range = levels_of(codec);
  if (level < range.least || level > range.most) {
    throw ConfigError("chunk compression level is " + std::to_string(level) + ", want " + std::to_string(range.least) +
                      " to " + std::to_string(range.most));
  }
  switch (codec) {
    case ChunkCodec::none:
      return std::make_unique<CopyEncoder>();
    case ChunkCodec::lz4_block:
      return make_lz4_block_encoder(level);
    case ChunkCodec::gzip:
      return make_gzip_encoder(level);
    case ChunkCodec::zstd:
      return make_zstd_chunk_encoder(level);
  }
  unknown(codec);
}

void decode_chunk(ChunkCodec codec, ByteView input, MutableByteView out) {
  switch (codec) {
    case ChunkCodec::none:
      return copy_chunk(input, out);
    case ChunkCodec::lz4_block:
      return decode_lz4_block(input, out);
    case ChunkCodec::gzip:
      return decode_gzip_chunk(input, out);
    case ChunkCodec::zstd:
      return decode_zstd_chunk(input, out);
  }
  unknown(codec);
}

std::string chunk_encoder_version(ChunkCodec codec) {
  switch (codec) {
    case ChunkCodec::none:
      return encoder_version(Compression::none);
    case ChunkCodec::lz4_block:
      return lz4_encoder_version();
    case ChunkCodec::gzip:
      return encoder_version(Compression::gzip);
    case ChunkCodec::zstd:
      return encoder_version(Compression::zstd);
  }
  unknown(codec);
}

}  // namespace accel::codec
