#include "accel/formats/nydus/compressor.hpp"

#include "accel/base/error.hpp"

namespace accel::formats::nydus {

codec::ChunkCodec chunk_codec(Compressor compressor) {
  switch (compressor) {
    case Compressor::none:
      return codec::ChunkCodec::none;
    case Compressor::lz4_block:
      return codec::ChunkCodec::lz4_block;
    case Compressor::gzip:
      return codec::ChunkCodec::gzip;
    case Compressor::zstd:
      return codec::ChunkCodec::zstd;
  }
  throw UnsupportedError("nydus knows no compressor number " + std::to_string(static_cast<unsigned>(compressor)));
}

std::string_view to_string(Compressor compressor) {
  switch (compressor) {
    case Compressor::none:
      return "none";
    case Compressor::lz4_block:
      return "lz4_block";
    case Compressor::gzip:
      return "gzip";
    case Compressor::zstd:
      break;
  }
  return "zstd";
}

}  // namespace accel::formats::nydus
