#include "accel/formats/nydus/rafs/bootstrap_tables.hpp"

#include <bit>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/field_writer.hpp"
#include "accel/formats/nydus/rafs/v5_layout.hpp"
#include "accel/formats/nydus/rafs/v6_layout.hpp"
#include "accel/formats/nydus/rafs/xattr.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

using tar::EntryType;

void refuse_bootstrap(const std::string& problem, const std::string& path) {
  throw FormatError("write a bootstrap: " + problem, {.digest = {}, .path = tar::shown_name(path), .offset = {}});
}

std::uint64_t common_flags(const Rafs& rafs, bool has_xattrs) {
  std::uint64_t flags = rafs.digester == Digester::sha256 ? super_flag::kDigestSha256 : super_flag::kDigestBlake3;
  switch (rafs.compressor) {
    case Compressor::none:
      flags |= super_flag::kCompressorNone;
      break;
    case Compressor::lz4_block:
      flags |= super_flag::kCompressorLz4;
      break;
    case Compressor::gzip:
      flags |= super_flag::kCompressorGzip;
      break;
    case Compressor::zstd:
      flags |= super_flag::kCompressorZstd;
      break;
  }
  if (rafs.explicit_ids) flags |= super_flag::kExplicitIds;
  if (has_xattrs || rafs.has_xattrs) flags |= super_flag::kHasXattr;
  return flags;
}

void store_chunk(const Chunk& chunk, std::uint64_t file_offset, std::byte* to) {
  const FieldWriter entry(to);
  entry.bytes(chunk_entry::kDigest, chunk.digest);
  entry.u32(chunk_entry::kBlob, chunk.blob);
  entry.u32(chunk_entry::kFlags, chunk.flags);
  entry.u32(chunk_entry::kCompressedSize, chunk.compressed_size);
  entry.u32(chunk_entry::kUncompressedSize, chunk.uncompressed_size);
  entry.u64(chunk_entry::kCompressedOffset, chunk.compressed_offset);
  entry.u64(chunk_entry::kUncompressedOffset, chunk.uncompressed_offset);
  entry.u64(chunk_entry::kFileOffset, file_offset);
  entry.u32(chunk_entry::kIndex, chunk.index);
  entry.u32(chunk_entry::kCrc, (chunk.flags & chunk_flag::kHasCrc) != 0 ? chunk.crc32c : 0);
}

std::uint16_t full_mode(const Inode& inode) {
  std::uint16_t type = 0;
  switch (inode.type) {
    case EntryType::regular:
    case EntryType::hardlink:
      type = 0100000;
      break;
    case EntryType::directory:
      type = 0040000;
      break;
    case EntryType::symlink:
      type = 0120000;
      break;
    case EntryType::character:
      type = 0020000;
      break;
    case EntryType::block:
      type = 0060000;
      break;
    case EntryType::fifo:
      type = 0010000;
      break;
  }
  return static_cast<std::uint16_t>(type | (inode.mode & 07777U));
}

void check_tables(const Rafs& rafs) {
  if (!std::has_single_bit(rafs.chunk_size) || rafs.chunk_size < kMinChunkSize || rafs.chunk_size > kMaxChunkSize) {
    refuse_bootstrap("chunk size " + std::to_string(rafs.chunk_size) + ", want a power of two from 4096 to 16777216");
  }
  if (rafs.blobs.size() > kMaxBlobs) {
    refuse_bootstrap(std::to_string(rafs.blobs.size()) + " blobs, at most " + std::to_string(kMaxBlobs) + " fit");
  }
  for (const Blob& blob : rafs.blobs) {
    const bool is_text = tar::is_utf8(blob.id) && blob.id.find('\0') == std::string::npos;
    if (blob.id.empty() || blob.id.size() > v6::kBlobIdSize || !is_text) refuse_bootstrap("a blob with a bad id");
    // Readers take a blob without chunks for one of an image without extended blob table (rafs-v6.md 12).
    if (blob.chunk_count == 0 || blob.chunk_count > kMaxChunksPerBlob) {
      refuse_bootstrap("blob " + blob.id + " has " + std::to_string(blob.chunk_count) + " chunks, want 1 to " +
                       std::to_string(kMaxChunksPerBlob));
    }
    if ((blob.features & feature::kTarfs) != 0) refuse_bootstrap("blob " + blob.id + " is a plain tar (TARFS)");
  }
  for (const Chunk& chunk : rafs.chunks) {
    if (chunk.blob >= rafs.blobs.size()) refuse_bootstrap("a chunk of blob " + std::to_string(chunk.blob));
    if (chunk.index >= rafs.blobs[chunk.blob].chunk_count) {
      refuse_bootstrap("chunk " + std::to_string(chunk.index) + " of blob " + rafs.blobs[chunk.blob].id +
                       ", which has " + std::to_string(rafs.blobs[chunk.blob].chunk_count));
    }
  }
  for (const std::uint32_t chunk : rafs.file_chunks) {
    if (chunk >= rafs.chunks.size()) refuse_bootstrap("a file with chunk " + std::to_string(chunk));
  }
}

void check_inode(const Rafs& rafs, Tree::Name name) {
  const Tree& tree = rafs.tree;
  const Inode& inode = tree.inode(name);
  if (inode.xattrs != 0) {
    const std::string problem = xattr_problem(tree.xattrs(inode.xattrs), rafs.version);
    if (!problem.empty()) refuse_bootstrap(problem, tree.path(name));
  }
  if (inode.type == EntryType::symlink) {
    const std::size_t size = tree.text(inode.link_target).size();
    const std::size_t most = rafs.version == FsVersion::v6 ? v6::kMaxSymlink : v5::kMaxSymlink;
    if (size == 0 || size > most) {
      refuse_bootstrap("a symlink to a path of " + std::to_string(size) + " bytes, want 1 to " + std::to_string(most),
                       tree.path(name));
    }
  }
  if (inode.type == EntryType::regular) {
    const std::uint64_t want = inode.size / rafs.chunk_size + (inode.size % rafs.chunk_size != 0 ? 1 : 0);
    if (inode.chunk_count != want || inode.first_chunk > rafs.file_chunks.size() ||
        inode.chunk_count > rafs.file_chunks.size() - inode.first_chunk) {
      refuse_bootstrap(std::to_string(inode.chunk_count) + " chunks for a file of " + std::to_string(inode.size) +
                           " bytes, want " + std::to_string(want),
                       tree.path(name));
    }
  }
}

}  // namespace accel::formats::nydus
