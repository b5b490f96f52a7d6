/// Random access to the files of a chunked layer: fetches, decompresses and verifies single chunks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "accel/codec/codec.hpp"
#include "accel/formats/jtoc/check.hpp"
#include "accel/io/source.hpp"

namespace accel::formats {

/// Not thread-safe. Looks at `toc`, which has passed jtoc::check_toc, and `blob`; both must outlive it.
class ChunkFetcher {
 public:
  ChunkFetcher(const jtoc::Toc& toc, io::ByteSource& blob, codec::Compression compression, std::uint64_t data_end);

  /// See LayerReader::read_file.
  std::size_t read(std::string_view path, std::uint64_t offset, MutableByteView out);

 private:
  void load(const jtoc::Chunk& chunk, std::string_view path);

  const jtoc::Toc& toc_;
  io::ByteSource& blob_;
  const codec::Compression compression_;
  const std::uint64_t data_end_;
  const jtoc::NameMap names_;
  const std::vector<std::uint64_t> units_;
  // The chunk read last: readers mostly go on where they stopped.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> loaded_;  // offset and inner offset
  Buffer content_;
};

}  // namespace accel::formats
