/// Writes the sections of a RAFS blob, back to back, each followed by its tar header. Spec: nydus-blob.md 3 and 17.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/blob_meta.hpp"
#include "accel/formats/nydus/blob_toc.hpp"
#include "accel/formats/nydus/encrypt.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/formats/nydus/stored_meta.hpp"
#include "accel/hash/digest.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::nydus {

/// The CI of a blob on its way.
struct PlainCi {
  Buffer bytes;  ///< chunk infos, then contexts
  std::uint32_t chunks = 0;
  ContextTable contexts;
  Compressor compressor = Compressor::zstd;  ///< how to compress it, where that makes it smaller
};

/// A CI that is compressed already.
struct PackedCi {
  std::shared_ptr<io::ByteSource> stored;
  Compressor compressor = Compressor::none;  ///< none or zstd
  std::uint64_t size = 0;                    ///< uncompressed
  RawDigest digest{};                        ///< SHA-256, uncompressed
};

/// Sections are written in this order, those a layer has; the methods say which may be left out.
/// Used by one thread at a time.
class BlobWriter {
 public:
  /// With `has_toc` (v6) sections are hashed for the TOC, digests may be written, and the bootstrap is compressed.
  BlobWriter(io::ByteSink& sink, bool has_toc)
      : sink_(sink), has_toc_(has_toc), hashes_data_(has_toc && sink.hasher() == nullptr) {}

  /// Bytes written so far.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  /// Bytes written since the chunks: all that tells where they are.
  [[nodiscard]] std::uint64_t index_bytes() const noexcept { return position_ - data_end_; }

  /// Stored chunks. Native layers with chunks only.
  void data(ByteView bytes);
  /// Ends the section of chunks. `uncompressed_size`: the end of the blob's uncompressed address space.
  void end_data(std::uint64_t uncompressed_size);
  /// CI and header. v6 layers with chunks only. `blob` gives the features and gets the CI's fields; `key`, when not
  /// null, encrypts both parts. Returns what the bootstrap layer needs of it (nydus-blob.md 8.6).
  StoredMeta meta(const PlainCi& ci, Blob& blob, const BlobKey* key);
  /// The same of a CI that is not in memory, not encrypted. `blob` has its features and its number of chunks.
  StoredMeta meta(PackedCi ci, const ContextTable& contexts, Blob& blob);
  /// The digests of all chunks in index order. With a TOC, after `meta`.
  void digests(ByteView digests);
  /// Every layer.
  void bootstrap(ByteView bootstrap);
  /// Ends a blob with a TOC.
  struct Toc {
    RawDigest digest{};  ///< over entries and tar header
    std::uint32_t size = 0;
  };
  Toc toc();

 private:
  void write(ByteView bytes);
  void end_section(std::string_view name, std::uint64_t size);
  void end_meta(const MetaHeader& header, const RawDigest& ci_digest, ByteView header_bytes, Blob& blob);

  io::ByteSink& sink_;
  const bool has_toc_;
  const bool hashes_data_;  // nobody else does
  std::uint64_t position_ = 0, data_end_ = 0;
  hash::Hasher data_;  // for the TOC
  Buffer toc_;
};

}  // namespace accel::formats::nydus
