/// Turns the content of files into chunk frames and their TOC records, as the C dialect and joint layers want them.
/// Spec: zstdchunked.md sections 3.1, 3.4, 3.5, 9.
#pragma once

#include <cstdint>

#include "accel/base/bytes.hpp"
#include "accel/formats/toc_assembler.hpp"
#include "accel/formats/unit_pipeline.hpp"
#include "accel/formats/zstdchunked/chunker.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats::zstdchunked {

/// Writes one file after another into `pipeline`, which must outlive it.
class ContentWriter final : private ChunkVisitor {
 public:
  ContentWriter(UnitPipeline& pipeline, TocStyle style) : pipeline_(pipeline), style_(style) {}

  /// Begins a file with `entry.size` > 0 bytes of content.
  void begin(jtoc::Entry entry);
  /// The next piece of it. After the last one the file is complete.
  void write(ByteView bytes);
  /// CRC-64 of the file's content so far.
  [[nodiscard]] std::uint64_t crc() const noexcept { return crc_; }
  /// From now on only frames matter, no digests: the layer gets no TOC.
  void skip_records() noexcept { records_ = false; }

 private:
  void data(ByteView bytes) override { add(bytes, false); }
  void hole(std::uint64_t bytes) override;
  void boundary() override;
  void add(ByteView bytes, bool zeros);
  void add_record(bool last, bool first);

  UnitPipeline& pipeline_;
  const TocStyle style_;
  bool records_ = true;
  jtoc::Entry entry_;
  Chunker chunker_;
  hash::Hasher file_;  // used only when the file turns out to have several chunks
  std::uint64_t crc_ = 0;
  std::uint64_t position_ = 0;     // in the file, of the next byte
  std::uint64_t chunk_begin_ = 0;  // in the file
  bool chunk_open_ = false;
  bool chunk_is_hole_ = false;
};

}  // namespace accel::formats::zstdchunked
