#include "accel/formats/nydus/ref_encoder.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/blob_writer.hpp"
#include "accel/formats/nydus/chunk_index.hpp"
#include "accel/formats/nydus/encoder.hpp"
#include "accel/formats/nydus/layer_part.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs/raw_digest.hpp"
#include "accel/formats/nydus/ref_index.hpp"
#include "accel/formats/nydus/tree_builder.hpp"
#include "accel/formats/nydus/zran.hpp"
#include "accel/hash/crc32c.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

namespace {

/// The last index is not used (nydus-blob.md 0).
constexpr std::uint32_t kMaxOwnChunks = kMaxChunksPerBlob - 1;

constexpr const char* kNativeHint = "convert the image natively, without oci_ref";

Rafs reference_rafs() {
  Rafs rafs;
  rafs.version = FsVersion::v6;
  rafs.chunk_size = kDefaultChunkSize;
  rafs.compressor = Compressor::gzip;
  rafs.digester = Digester::sha256;
  return rafs;
}

/// A descriptor's digest as the id of a blob, which has 64 digits.
std::string blob_id(const oci::Descriptor& source) {
  const std::string hex = source.digest.hex();
  if (hex.size() != kOwnBlobId.size()) {
    throw UnsupportedError("refer to layer " + source.digest.to_string() + ": readers know layers by SHA-256 only",
                           kNativeHint);
  }
  return hex;
}

class RefEncoder final : public LayerEncoder {
 public:
  RefEncoder(const oci::Descriptor& source, io::ByteSink& sink, const EncodeContext& context)
      : source_(source),
        id_(blob_id(source)),
        temp_dir_(context.temp_dir),
        rafs_(reference_rafs()),
        tree_(rafs_, context.note),
        blob_(sink, true),
        index_(rafs_.chunks),
        dictionaries_(context.temp_dir) {
    if (context.source_compression != codec::Compression::gzip) return;
    if (!context.boundaries) throw Error("index a gzip layer: its decoder tells no boundaries");
    slicer_.emplace(context.boundaries, rafs_.chunk_size, [this](ByteView window) { dictionaries_.add(window); });
  }

  void entry(const tar::Entry& entry, ByteView) override {
    end_file();
    // The byte before the content has been seen, that of an empty entry at the end of the stream not.
    seen_ = entry.payload_offset;
    if (slicer_ && seen_ > 0) slicer_->advance(seen_ - 1);
    if (entry.sparse) {
      throw UnsupportedError("refer to " + tar::shown_name(entry.name) +
                                 ": the layer has it as a sparse file, whose holes it does not hold",
                             kNativeHint);
    }
    const std::optional<std::uint32_t> inode = tree_.add(entry);
    skips_ = !inode;
    if (skips_ || entry.size == 0) return;
    file_ = inode;
    file_left_ = entry.size;
    rafs_.tree.inode_at(*inode).first_chunk = static_cast<std::uint32_t>(rafs_.file_chunks.size());
  }

  void payload(ByteView bytes) override {
    if (skips_) return pass(bytes);
    while (!bytes.empty()) {
      if (chunk_left_ == 0) begin_chunk();
      const ByteView piece = bytes.first(std::min<std::size_t>(bytes.size(), chunk_left_));
      hasher_.update(piece);
      crc_ = hash::crc32c(piece, crc_);
      seen_ += piece.size();
      bytes = bytes.subspan(piece.size());
      chunk_left_ -= static_cast<std::uint32_t>(piece.size());
      if (chunk_left_ == 0) {
        end_chunk();
      } else if (slicer_) {
        slicer_->advance(seen_ - 1);
      }
    }
  }

  void padding(ByteView bytes) override { pass(bytes); }
  void trailing(ByteView bytes) override { pass(bytes); }

  LayerResult finish() override {
    end_file();
    tree_.finish();
    rafs_.tree.shrink();
    auto part = std::make_shared<NydusPart>();
    if (!rafs_.blobs.empty()) write_index(rafs_.blobs.front(), *part);
    part->bootstrap = write_bootstrap(rafs_);
    blob_.bootstrap(part->bootstrap.view());
    const BlobWriter::Toc toc = blob_.toc();
    part->toc_digest = toc.digest;
    part->toc_size = toc.size;
    LayerResult result = describe_layer(blob_, std::move(part));
    result.refers_to_source = true;
    result.annotations.emplace(kRefAnnotation, source_.digest.to_string());
    return result;
  }

 private:
  void pass(ByteView bytes) {
    seen_ += bytes.size();
    if (slicer_ && seen_ > 0) slicer_->advance(seen_ - 1);
  }

  void begin_chunk() {
    chunk_size_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(file_left_, rafs_.chunk_size));
    chunk_left_ = chunk_size_;
    file_left_ -= chunk_size_;
    crc_ = 0;
    if (slicer_) slicer_->begin_chunk(seen_);
  }

  void end_chunk() {
    const RawDigest digest = raw_digest(hasher_.finish());
    std::optional<std::uint32_t> number = index_.find(digest, chunk_size_);
    if (!number) number = add_chunk(digest);
    rafs_.file_chunks.push_back(*number);
    ++file_chunk_count_;
  }

  std::uint32_t add_chunk(const RawDigest& digest) {
    Chunk chunk;
    chunk.digest = digest;
    chunk.uncompressed_size = chunk_size_;
    chunk.crc32c = crc_;
    chunk.flags = chunk_flag::kHasCrc;
    chunk.index = static_cast<std::uint32_t>(rafs_.chunks.size());
    chunk.uncompressed_offset = uncompressed_end_;
    uncompressed_end_ += round_up(chunk_size_);
    if (chunk.index >= kMaxOwnChunks || uncompressed_end_ > kMaxUncompressedOffset) {
      throw UnsupportedError(
          "the layer has more chunks than a nydus blob takes: " + std::to_string(kMaxOwnChunks) + " chunks, 16 TiB",
          "convert the image natively with a larger fs_chunk_size");
    }
    if (rafs_.blobs.empty()) {
      rafs_.blobs.push_back({.id = id_, .compressor = Compressor::gzip, .digester = Digester::sha256});
    }
    append_chunk_info_v2(place(chunk), infos_);
    rafs_.chunks.push_back(chunk);
    index_.add_last();
    return chunk.index;
  }

  /// Sets where the chunk is in the source layer.
  ChunkInfo place(Chunk& chunk) {
    ChunkInfo info;
    info.uncompressed_offset = chunk.uncompressed_offset;
    info.uncompressed_size = chunk.uncompressed_size;
    if (slicer_) {
      const ZranPlace place = slicer_->keep_chunk(seen_);
      chunk.flags |= chunk_flag::kCompressed;
      chunk.compressed_offset = place.in_offset;
      chunk.compressed_size = place.in_size;
      info.flags = info_flag::kCompressed | info_flag::kZran;
      info.data = std::uint64_t{place.slice} << 32U | place.offset;
    } else {
      chunk.compressed_offset = seen_ - chunk_size_;
      chunk.compressed_size = chunk_size_;
      // QUIRK: later versions of nydus-image have the CRC here, and nydusd 2.2 refuses its flag. The bootstrap has it.
    }
    info.compressed_offset = chunk.compressed_offset;
    info.compressed_size = chunk.compressed_size;
    if (chunk.compressed_offset >= kMaxCompressedOffset) {
      throw UnsupportedError("refer to a layer of more than 1 TiB", "split the layer");
    }
    return info;
  }

  void end_file() {
    if (file_) rafs_.tree.inode_at(*file_).chunk_count = file_chunk_count_;
    file_.reset();
    file_chunk_count_ = 0;
  }

  /// The sections before the bootstrap.
  void write_index(Blob& own, NydusPart& part) {
    static const std::vector<ZranContext> kNoContexts;
    const std::vector<ZranContext>& contexts = slicer_ ? slicer_->finish() : kNoContexts;
    own.features = feature::kAligned | feature::kInlinedFsMeta | feature::kChunkInfoV2 | feature::kSeparate |
                   feature::kInlinedChunkDigest | feature::kHasTarHeader | feature::kHasToc | feature::kCapTarToc;
    if (slicer_) own.features |= feature::kZran;
    own.chunk_count = static_cast<std::uint32_t>(rafs_.chunks.size());
    own.compressed_size = source_.size;
    own.uncompressed_size = uncompressed_end_;

    ContextTable table;
    if (slicer_) {
      table.offset = infos_.size();
      table.size = contexts.size() * ZranContext::kSize + dictionaries_.size();
      table.count = static_cast<std::uint32_t>(contexts.size());
    }
    part.meta = blob_.meta(pack_ci(infos_.view(), contexts, dictionaries_, temp_dir_), table, own);
    Buffer digests(rafs_.chunks.size() * sizeof(RawDigest));
    for (const Chunk& chunk : rafs_.chunks) digests.append(chunk.digest);
    blob_.digests(digests.view());
  }

  const oci::Descriptor source_;
  const std::string id_;
  const std::string temp_dir_;
  Rafs rafs_;
  TreeBuilder tree_;
  BlobWriter blob_;
  ChunkIndex index_;
  DictionaryStore dictionaries_;
  std::optional<ZranSlicer> slicer_;  // of gzip layers
  Buffer infos_;                      // of all chunks so far
  std::uint64_t seen_ = 0;            // bytes of the decompressed layer
  std::uint64_t uncompressed_end_ = 0;
  std::optional<std::uint32_t> file_;  // inode whose content is coming in
  bool skips_ = false;                 // the current entry is no part of the layer
  std::uint64_t file_left_ = 0;        // bytes of it that belong to no chunk yet
  std::uint32_t file_chunk_count_ = 0;
  std::uint32_t chunk_size_ = 0, chunk_left_ = 0;
  std::uint32_t crc_ = 0;  // of the chunk so far
  hash::Hasher hasher_;
};

}  // namespace

std::unique_ptr<LayerEncoder> make_ref_encoder(const oci::Descriptor& source, io::ByteSink& sink,
                                               const EncodeContext& context) {
  if (context.source_compression == codec::Compression::zstd) {
    throw UnsupportedError("refer to a layer compressed with zstd: readers can start in the middle of gzip layers only",
                           "set oci_ref_zstd to native to convert such layers, or leave oci_ref off");
  }
  return std::make_unique<RefEncoder>(source, sink, context);
}

}  // namespace accel::formats::nydus
