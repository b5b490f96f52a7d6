#include "accel/formats/nydus/stored_meta.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/io/range.hpp"

namespace accel::formats::nydus {

namespace {

codec::Compression compression_of(Compressor compressor) {
  switch (compressor) {
    case Compressor::none:
      return codec::Compression::none;
    case Compressor::zstd:
      return codec::Compression::zstd;
    case Compressor::lz4_block:
    case Compressor::gzip:
      break;
  }
  throw UnsupportedError("write a blob.meta file: its CI is kept as compressor number " +
                         std::to_string(static_cast<unsigned>(compressor)) + ", want none or zstd");
}

}  // namespace

std::uint64_t meta_file_size(const StoredMeta& meta) { return round_up(meta.ci_size) + meta.header.size(); }

void write_meta_file(const StoredMeta& meta, io::ByteSink& sink) {
  io::RangeStream stored(*meta.ci, 0, meta.ci->size());
  const auto plain = codec::make_decoder(compression_of(meta.compressor), stored,
                                         {.max_ratio = UINT64_MAX, .max_bytes = meta.ci_size});
  Buffer block;
  block.resize(std::size_t{64} << 10U);
  std::uint64_t written = 0;
  while (const std::size_t count = plain->read({block.data(), block.size()})) {
    sink.write(block.view().first(count));
    written += count;
  }
  if (written != meta.ci_size) {
    throw FormatError("write a blob.meta file: the CI has " + std::to_string(written) + " bytes, want " +
                      std::to_string(meta.ci_size));
  }
  constexpr std::array<std::byte, kBlockSize> kZeros{};
  sink.write(ByteView(kZeros).first(static_cast<std::size_t>(round_up(written) - written)));
  sink.write(meta.header);
}

}  // namespace accel::formats::nydus
