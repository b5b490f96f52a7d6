/// Reads a tar stream of any dialect (v7, ustar, GNU, PAX), keeping the raw bytes at hand.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "accel/base/bytes.hpp"
#include "accel/io/source.hpp"
#include "accel/tar/entry.hpp"

namespace accel::tar {

struct ReaderOptions {
  /// All extension headers of one entry together (PAX records, long names, sparse maps, with their header blocks).
  std::uint64_t max_extension_bytes = 1ULL << 20U;
  std::uint64_t max_entries = 20'000'000;
  /// Expanded size of one sparse file: a header alone can claim 8 EiB of zeros, which `payload` would then hand out.
  std::uint64_t max_sparse_size = 64ULL << 30U;
};

/// Pull reader. The order of calls for each entry is: `next`, then `payload` until it is empty, then `padding`.
/// What is left out is skipped by the next `next`. After `next` returned nothing: `trailing` until it is empty.
/// Every byte of the stream is thus seen once: raw_header, raw payload, padding, trailing. (For sparse entries
/// `payload` gives the expanded content instead of the raw bytes.)
///
/// Throws FormatError with the offset in the uncompressed stream, and the entry's path where one is known, on: wrong
/// header checksum, truncation, bad or overflowing numbers, negative sizes, bad PAX records, extension headers
/// without a file, limits of ReaderOptions. Throws UnsupportedError for entry types no layer may hold (7, V, M, …);
/// global PAX headers ('g') are passed over, as Docker and containerd do.
/// A stream that ends without end-of-archive blocks is accepted, also one that ends inside the last padding; an empty
/// stream has no entries. As in Go's archive/tar, which reads layers for Docker, a single zero block must be the last.
class Reader {
 public:
  explicit Reader(io::ByteStream& stream, const ReaderOptions& options = {});
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader();

  /// The next entry, or nothing at the end of the archive. Valid until the next call of `next`.
  const Entry* next();
  /// All header blocks of the current entry, extension headers and sparse maps (also those stored in front of the
  /// content) included. A multiple of 512. Valid until the next call of `next`.
  [[nodiscard]] ByteView raw_header() const;
  /// The next piece of content, at most `max` bytes; empty at its end. Valid until the next call of any method.
  ByteView payload(std::size_t max = SIZE_MAX);
  /// The bytes (0–511) between content and next header. Call after `payload` returned empty; content that is left is
  /// skipped. Fewer than the format wants only at the end of the stream. Valid until the next call of any method.
  ByteView padding();
  /// After `next` returned nothing: the next piece of what follows the last entry (global headers without an entry,
  /// end-of-archive blocks and whatever comes after them, verbatim); empty at the end of the stream.
  ByteView trailing();
  /// Bytes of the uncompressed stream consumed so far.
  [[nodiscard]] std::uint64_t offset() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace accel::tar
