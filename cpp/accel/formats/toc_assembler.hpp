/// Completes TOC records with what the writer thread learns, and keeps only the JSON text.
#pragma once

#include <atomic>
#include <cstdint>

#include "accel/formats/jtoc/writer.hpp"
#include "accel/formats/unit_batch.hpp"

namespace accel::formats {

/// Which members an entry with content gets.
enum class TocStyle : std::uint8_t {
  stargz,      ///< eStargz and S dialect: estargz.md 5.2
  containers,  ///< C dialect: zstdchunked.md 3.5
  joint        ///< zstdchunked.md 9.2
};

/// Used by one thread at a time: the writer thread of a UnitPipeline, then whoever finishes the layer.
class TocAssembler {
 public:
  /// `front_bytes` are left free in front of the JSON, for a tar header.
  TocAssembler(TocStyle style, std::size_t front_bytes) : style_(style), toc_(front_bytes) {}

  /// Takes the records of a batch whose output begins at `offset` of the blob.
  void add(Batch& batch, std::uint64_t offset);
  [[nodiscard]] std::size_t json_bytes() const noexcept { return toc_.size(); }
  /// The front bytes (undefined) and the JSON. Called once, last.
  Buffer finish(const hash::Digest& tar_split_digest = {}) { return toc_.finish(tar_split_digest); }
  /// The TOC will not be written: its text is freed with the next batch. From any thread.
  void discard() noexcept { discarded_ = true; }

 private:
  void complete(TocRecord& record, const Batch& batch, std::uint64_t offset);
  void add_piece(TocRecord& record);

  const TocStyle style_;
  jtoc::TocWriter toc_;
  std::atomic<bool> discarded_{false};
  // The file whose pieces are coming in: its own entry is written when the last of them is known.
  jtoc::Entry file_;
  Buffer pieces_;
};

}  // namespace accel::formats
