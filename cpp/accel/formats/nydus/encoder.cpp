#include "accel/formats/nydus/encoder.hpp"

#include <optional>
#include <string>
#include <utility>

#include "accel/formats/nydus/blob_writer.hpp"
#include "accel/formats/nydus/chunker.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/tree_builder.hpp"

namespace accel::formats::nydus {

namespace {

std::optional<BlobKey> new_key(const NativeSettings& settings) {
  if (!settings.make_key) return std::nullopt;
  return settings.make_key();
}

Rafs make_rafs(const NativeSettings& settings) {
  Rafs rafs;
  rafs.version = settings.version;
  rafs.chunk_size = settings.chunk_size;
  rafs.compressor = settings.compressor;
  rafs.digester = settings.digester;
  return rafs;
}

class NativeEncoder final : public LayerEncoder {
 public:
  NativeEncoder(const NativeSettings& settings, io::ByteSink& sink, const EncodeContext& context)
      : has_toc_(settings.version == FsVersion::v6),
        key_(new_key(settings)),
        rafs_(make_rafs(settings)),
        tree_(rafs_, context.note),
        blob_(sink, has_toc_) {
    chunker_.emplace(settings, key_, rafs_, blob_, context);
  }

  void entry(const tar::Entry& entry, ByteView) override {
    end_file();
    const std::optional<std::uint32_t> inode = tree_.add(entry);
    skips_ = !inode;
    if (skips_ || entry.size == 0) return;
    file_ = inode;
    rafs_.tree.inode_at(*inode).first_chunk = static_cast<std::uint32_t>(rafs_.file_chunks.size());
    chunker_->begin_file(entry.size, entry.header_offset);
  }

  void payload(ByteView bytes) override {
    if (!skips_) chunker_->write(bytes);
  }

  void padding(ByteView) override {}
  void trailing(ByteView) override {}

  LayerResult finish() override {
    end_file();
    tree_.finish();
    rafs_.tree.shrink();
    auto part = std::make_shared<NydusPart>();
    if (const std::optional<std::uint32_t> own = chunker_->finish()) write_index(rafs_.blobs[*own], *part);
    // A layer may have millions of files: what the next step does not need goes before it.
    chunker_.reset();
    part->bootstrap = write_bootstrap(rafs_);
    rafs_ = {};
    blob_.bootstrap(part->bootstrap.view());
    if (has_toc_) {
      const BlobWriter::Toc toc = blob_.toc();
      part->toc_digest = toc.digest;
      part->toc_size = toc.size;
    }
    LayerResult result = describe_layer(blob_, std::move(part));
    if (key_) result.annotations.emplace(kEncryptedAnnotation, "true");
    return result;
  }

 private:
  void end_file() {
    if (file_) rafs_.tree.inode_at(*file_).chunk_count = chunker_->file_chunks();
    file_.reset();
  }

  /// The sections between chunks and bootstrap.
  void write_index(Blob& own, NydusPart& part) {
    blob_.end_data(own.uncompressed_size);
    if (has_toc_) {
      part.meta = blob_.meta(chunker_->make_ci(), own, key_ ? &*key_ : nullptr);
      blob_.digests(chunker_->make_digests().view());
    }
    if (key_) {
      own.key = key_->key;
      own.iv = key_->iv;
    }
    own.compressed_size = blob_.position();  // what stands before the bootstrap (nydus-blob.md 10.1)
  }

  const bool has_toc_;
  const std::optional<BlobKey> key_;
  Rafs rafs_;
  TreeBuilder tree_;
  BlobWriter blob_;
  std::optional<std::uint32_t> file_;  // inode whose content is coming in
  bool skips_ = false;                 // the current entry is no part of the layer
  std::optional<Chunker> chunker_;     // its writer thread uses blob_
};

}  // namespace

std::unique_ptr<LayerEncoder> make_native_encoder(const NativeSettings& settings, io::ByteSink& sink,
                                                  const EncodeContext& context) {
  return std::make_unique<NativeEncoder>(settings, sink, context);
}

LayerResult describe_layer(const BlobWriter& blob, std::shared_ptr<const NydusPart> part) {
  LayerResult result;
  result.media_type = kBlobMediaType;
  result.diff_id_is_blob = true;
  result.uncompressed_size = blob.position();
  result.annotations.emplace(kBlobAnnotation, "true");
  result.part = std::move(part);
  result.part_bytes = blob.index_bytes();
  // What other formats said of the source layer, and what nydus said of one that was converted before.
  result.drop_annotations = {"containerd.io/snapshot/stargz/toc.digest", "io.containers.estargz.uncompressed-size",
                             "io.github.containers.zstd-chunked.*", "io.containers.zstd-chunked.*",
                             "containerd.io/uncompressed"};
  for (const std::string_view key :
       {kRefAnnotation, kEncryptedAnnotation, kBootstrapAnnotation, kFsVersionAnnotation}) {
    result.drop_annotations.emplace_back(key);
  }
  return result;
}

}  // namespace accel::formats::nydus
