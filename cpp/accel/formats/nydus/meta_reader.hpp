/// blob.meta as it is read: where the chunks of a blob are, by its chunk information (CI). Spec: nydus-blob.md 8.
#pragma once

#include <cstdint>
#include <optional>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::nydus {

/// Where one chunk is. What both versions of chunk information, and the records of RAFS v5, come down to.
struct ChunkPlace {
  std::uint64_t compressed_offset = 0;
  std::uint64_t uncompressed_offset = 0;
  std::uint32_t compressed_size = 0;
  std::uint32_t uncompressed_size = 0;
  bool compressed = false, encrypted = false;
  enum class Unit : std::uint8_t { own, batch, slice };
  Unit unit = Unit::own;          ///< whether it is stored alone, or together with others
  std::uint32_t unit_index = 0;   ///< of the batch or slice
  std::uint32_t unit_offset = 0;  ///< of its content in the decoded batch or slice
  std::optional<std::uint32_t> crc32c = {};
};

/// Chunks stored as one. The place of a batch is that of its chunks.
struct BatchContext {
  std::uint32_t compressed_size = 0, uncompressed_size = 0;
};

/// A piece of a gzip stream that can be decoded alone.
struct SliceContext {
  std::uint64_t in_offset = 0, out_offset = 0;
  std::uint32_t in_size = 0, out_size = 0;
  std::uint8_t bits = 0, byte = 0;
  ByteView window;
};

inline constexpr std::uint64_t kCiHeaderSize = 4096;
/// Readers decode no larger batch or slice.
inline constexpr std::uint32_t kMaxUnitSize = 16U << 20U;

/// What a hostile blob may make us do.
struct MetaLimits {
  std::uint64_t max_bytes = 512ULL << 20U;  ///< of the uncompressed chunk information
  std::uint64_t max_ratio = 1100;           ///< looked at beyond `ratio_free_bytes`
  std::uint64_t ratio_free_bytes = 64ULL << 20U;
};

/// Holds the chunk information as it is on disk, 16 or 24 bytes a chunk. Thread-safe once it is made.
class BlobMeta {
 public:
  /// Reads it from the RAFS blob by the blob table's entry, and checks all of it. Throws FormatError.
  static BlobMeta read(const Blob& blob, io::ByteSource& rafs_blob, const MetaLimits& limits);

  [[nodiscard]] std::uint32_t chunk_count() const noexcept { return chunk_count_; }
  [[nodiscard]] ChunkPlace place(std::uint32_t chunk) const;
  [[nodiscard]] std::uint32_t unit_count() const noexcept { return unit_count_; }
  [[nodiscard]] BatchContext batch(std::uint32_t index) const;
  [[nodiscard]] SliceContext slice(std::uint32_t index) const;
  /// The uncompressed chunk information and its header as plaintext: what a file `image/<digest>.blob.meta` holds.
  [[nodiscard]] ByteView ci() const noexcept { return ci_.view(); }
  [[nodiscard]] ByteView header() const noexcept { return header_.view(); }

 private:
  BlobMeta() = default;
  void check_header(const Blob& blob) const;
  void check_units(const Blob& blob) const;
  void check_places(const Blob& blob) const;
  void check_place(const ChunkPlace& place, const Blob& blob, std::uint64_t where) const;

  Buffer ci_, header_;
  bool v2_ = false, batches_ = false, slices_ = false;
  std::uint32_t chunk_count_ = 0;
  std::uint32_t unit_count_ = 0;
  std::uint64_t units_offset_ = 0;    // in ci_
  std::uint64_t windows_offset_ = 0;  // in ci_
};

}  // namespace accel::formats::nydus
