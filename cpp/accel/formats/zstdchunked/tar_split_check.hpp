/// Compares a tar stream with the tar-split data of its layer while it passes. Spec: zstdchunked.md sections 3.6, 4.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "accel/codec/codec.hpp"
#include "accel/formats/jtoc/entry.hpp"
#include "accel/formats/zstdchunked/layout.hpp"
#include "accel/io/hashing.hpp"
#include "accel/io/range.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::zstdchunked {

/// One line of tar-split data.
struct TarSplitRecord {
  bool is_file = false;
  std::string name;        ///< files
  std::uint64_t size = 0;  ///< files
  std::uint64_t crc = 0;   ///< files with content
  Bytes raw;               ///< the others: bytes of the stream
};

/// Reads records front to back from the compressed data in the blob.
class TarSplitReader {
 public:
  /// `expected` is the digest of the compressed bytes. `blob` must outlive it.
  TarSplitReader(io::ByteSource& blob, const BlobRange& range, const hash::Digest& expected,
                 const codec::DecodeLimits& limits);

  /// The next record; nothing at the end, where the digest has been checked. Throws FormatError, DigestMismatch.
  std::optional<TarSplitRecord> next();

 private:
  bool read_line();

  io::RangeStream range_;
  io::HashingStream hashing_;
  std::unique_ptr<io::ByteStream> decoder_;
  const hash::Digest expected_;
  const std::uint64_t uncompressed_size_;
  std::uint64_t uncompressed_ = 0;  // bytes so far
  std::uint64_t position_ = 0;      // records so far
  std::string line_;
  Buffer block_;
  std::size_t begin_ = 0;
};

/// Passes on the bytes of `tar` and throws FormatError at the first that tar-split and TOC would not give back: what a
/// reader rebuilds from them would have another diffID.
class TarSplitStream final : public io::ByteStream {
 public:
  TarSplitStream(io::ByteStream& tar, const jtoc::Toc& toc, std::unique_ptr<TarSplitReader> records)
      : tar_(tar), toc_(toc), records_(std::move(records)) {}

  std::size_t read(MutableByteView out) override;

 private:
  void check(ByteView bytes);
  bool next_record();
  void begin_file();
  void end_file() const;

  io::ByteStream& tar_;
  const jtoc::Toc& toc_;
  std::unique_ptr<TarSplitReader> records_;
  std::optional<TarSplitRecord> record_;
  std::uint64_t done_ = 0;      // bytes of the current record that have passed
  std::uint64_t crc_ = 0;       // of the current file
  std::uint64_t position_ = 0;  // in the stream
  std::size_t next_entry_ = 0;  // of the TOC
};

}  // namespace accel::formats::zstdchunked
