/// A RAFS file system as a value: what a bootstrap of version 5 or 6 says, without its layout on disk.
/// Writers take it, readers give it, `merge` makes one of several.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "accel/formats/nydus/layout.hpp"
#include "accel/formats/nydus/rafs/tree.hpp"

namespace accel::formats::nydus {

/// A chunk's digest, of the kind Rafs::digester says, over its uncompressed bytes.
using RawDigest = std::array<std::byte, 32>;

/// One chunk stored in a blob. Spec: nydus-blob.md 10.4 (the offset in the file follows from the place in its list).
struct Chunk {
  RawDigest digest{};
  std::uint32_t blob = 0;   ///< index in Rafs::blobs
  std::uint32_t flags = 0;  ///< chunk_flag
  std::uint32_t compressed_size = 0;
  std::uint32_t uncompressed_size = 0;
  std::uint64_t compressed_offset = 0;    ///< in the blob
  std::uint64_t uncompressed_offset = 0;  ///< in the blob's uncompressed address space
  std::uint32_t index = 0;                ///< in the blob
  std::uint32_t crc32c = 0;               ///< with kHasCrc
};

/// One blob that files refer to. Spec: nydus-blob.md 10.1 (v6), 10.5 (v5, which has the first group only).
struct Blob {
  std::string id;  ///< 64 hex digits, or 64 times "x" in a bootstrap inside the blob it describes
  std::uint32_t chunk_count = 0;
  std::uint32_t features = 0;  ///< feature
  std::uint64_t compressed_size = 0;
  std::uint64_t uncompressed_size = 0;

  Compressor compressor = Compressor::zstd;
  Digester digester = Digester::blake3;
  std::uint32_t toc_size = 0;
  RawDigest toc_digest{};
  Compressor ci_compressor = Compressor::none;
  std::uint64_t ci_offset = 0;
  std::uint64_t ci_compressed_size = 0;
  std::uint64_t ci_uncompressed_size = 0;
  RawDigest meta_digest{};  ///< with kSeparate: SHA-256 of the RAFS blob
  std::uint64_t meta_size = 0;
  std::array<std::byte, 32> key{};  ///< with kEncrypted: AES-128-XTS key and IV, in the fields of meta_* on disk
  std::array<std::byte, 16> iv{};
};

/// What a blob is called inside itself, before its digest is known.
inline const std::string kOwnBlobId(64, 'x');

/// True in a layer's bootstrap for the layer's own blob; the others are those of a chunk dictionary. Of a blob whose
/// data is elsewhere (kSeparate) only a dictionary's bootstrap can name the digest: the layer's own is inside it.
inline bool is_own(const Blob& blob) {
  return blob.id == kOwnBlobId || ((blob.features & feature::kSeparate) != 0 && blob.meta_digest == RawDigest{});
}

struct Rafs {
  FsVersion version = FsVersion::v6;
  std::uint32_t chunk_size = kDefaultChunkSize;
  Compressor compressor = Compressor::zstd;  ///< the image's default; v5 has no other
  Digester digester = Digester::blake3;
  bool explicit_ids = true;  ///< uid and gid are the files' own
  bool has_xattrs = false;   ///< flag of a bootstrap that was read; writers set it from the inodes (or when it is set)
  std::vector<Blob> blobs;
  std::vector<Chunk> chunks;  ///< each stored chunk that files of this bootstrap use, once
  Tree tree;                  ///< inodes refer to `file_chunks`
  /// Lists of chunks, as indexes in `chunks`; an inode has file_chunks[first_chunk, first_chunk + chunk_count), in the
  /// order of its content, all of `chunk_size` bytes but the last.
  std::vector<std::uint32_t> file_chunks;
  /// Absolute clean paths of the prefetch table ("/", "/etc"), in its order.
  std::vector<std::string> prefetch;
};

}  // namespace accel::formats::nydus
