/// A chunked layer read front to back: decompressed, hashed, and with the places where its units begin.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"
#include "accel/codec/codec.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/source.hpp"

namespace accel::formats {

/// A blob read once in large pieces, all of it hashed.
class BlobReader {
 public:
  BlobReader(io::ByteSource& blob, CancelToken cancel) : blob_(blob), cancel_(std::move(cancel)) {}

  /// The bytes at hand up to the offset `end`, at least one unless the position is there. Valid until the next call.
  ByteView peek(std::uint64_t end);
  void consume(std::size_t count) noexcept { begin_ += count; }
  [[nodiscard]] std::uint64_t position() const noexcept { return read_ - (end_ - begin_); }
  /// Reads what is left and gives the digest of the whole blob. Called once, last.
  hash::Digest finish();

 private:
  io::ByteSource& blob_;
  const CancelToken cancel_;
  hash::Hasher hasher_;
  Buffer window_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t read_ = 0;
};

/// The decompressed bytes of blob[0, end), which must be whole units between every two of the offsets given: each unit
/// that a TOC names is thus proved to be decodable from its own first byte.
class UnitStream final : public io::ByteStream {
 public:
  /// `offsets` ascend and begin with 0; `end` is above the last. Spec: estargz.md 7, zstdchunked.md 2.5.
  UnitStream(BlobReader& blob, codec::Compression compression, std::vector<std::uint64_t> offsets, std::uint64_t end,
             const codec::DecodeLimits& limits);
  ~UnitStream() override;

  /// Throws FormatError when a unit is damaged or does not end where the next begins.
  std::size_t read(MutableByteView out) override;
  /// Position in the decompressed stream at which the unit at blob offset `offset` begins. It must be one of the
  /// offsets given and have been read from; offsets are asked for in ascending order.
  std::uint64_t begin_of(std::uint64_t offset);
  /// Decompressed bytes so far.
  [[nodiscard]] std::uint64_t length() const noexcept { return hasher_.length(); }
  /// Digest of the decompressed bytes; called once, at the end.
  hash::Digest finish() { return hasher_.finish(); }

 private:
  class Segment;
  bool next_segment();

  BlobReader& blob_;
  const codec::Compression compression_;
  const std::vector<std::uint64_t> offsets_;
  const std::uint64_t end_;
  const codec::DecodeLimits limits_;
  hash::Hasher hasher_;
  std::vector<std::uint64_t> begins_;  // of the segments read so far, in the decompressed stream
  std::size_t asked_ = 0;              // index of the offset begin_of was last asked for
  std::unique_ptr<Segment> segment_;
  std::unique_ptr<io::ByteStream> decoder_;
};

}  // namespace accel::formats
