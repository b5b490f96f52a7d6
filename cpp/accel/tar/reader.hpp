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
  std::uint64_t max_extension_bytes = 1ULL << 20U;  ///< PAX records or long names of one entry
  std::uint64_t max_entries = 20'000'000;
};

/// Pull reader. The order of calls for each entry is: `next`, then `payload` until it is empty, then `padding`.
/// What is left out is skipped by the next `next`. After `next` returned nothing: `trailing` until it is empty.
/// Every byte of the stream is thus seen once: raw_header, raw payload, padding, trailing. (For sparse entries
/// `payload` gives the expanded content instead of the raw bytes.)
///
/// Throws FormatError with the offset in the uncompressed stream, and the entry's path where one is known, on: wrong
/// header checksum, truncation, bad or overflowing numbers, negative sizes, bad PAX records, extension headers
/// without a file, limits of ReaderOptions. Throws UnsupportedError for entry types no layer may hold (7, V, M, …);
/// global PAX headers ('g') are applied to the entries that follow.
/// A stream that ends without end-of-archive blocks is accepted; an empty stream has no entries.
class Reader {
 public:
  explicit Reader(io::ByteStream& stream, const ReaderOptions& options = {});
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader();

  /// The next entry, or nothing at the end of the archive. Valid until the next call of `next`.
  const Entry* next();
  /// All header blocks of the current entry, extension headers included. A multiple of 512.
  [[nodiscard]] ByteView raw_header() const;
  /// The next piece of content, at most `max` bytes; empty at its end. Valid until the next call of any method.
  ByteView payload(std::size_t max = SIZE_MAX);
  /// The bytes (0–511) between content and next header. Call after `payload` returned empty.
  ByteView padding();
  /// After `next` returned nothing: the next piece of what follows the last entry (end-of-archive blocks and
  /// whatever comes after them, verbatim); empty at the end of the stream.
  ByteView trailing();
  /// Bytes of the uncompressed stream consumed so far.
  [[nodiscard]] std::uint64_t offset() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace accel::tar
