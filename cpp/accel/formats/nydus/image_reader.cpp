#include "accel/formats/nydus/image_reader.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/image_bootstrap.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs_reader.hpp"
#include "accel/formats/nydus/reader.hpp"
#include "accel/formats/nydus/stored_layers.hpp"
#include "accel/oci/annotation.hpp"

namespace accel::formats::nydus {

namespace {

/// The blobs of the image as the table names them.
class ImageBlobs {
 public:
  ImageBlobs(std::vector<oci::Descriptor> layers, BlobOpener open)
      : layers_(std::move(layers)), open_(std::move(open)) {}

  BlobFiles find(const Blob& blob) {
    const hash::Digest id = hash::Digest::try_parse("sha256:" + blob.id);
    if (id.empty()) throw FormatError("the bootstrap names a blob whose id \"" + blob.id + "\" is no digest");
    if ((blob.features & feature::kSeparate) == 0) {
      const std::shared_ptr<io::ByteSource> source = open(id, 0);
      return {source, source, id, id};
    }
    const hash::Digest meta = meta_digest(blob, id);
    return {open(meta, blob.meta_size), open(id, blob.compressed_size), meta, id};
  }

  std::shared_ptr<io::ByteSource> open(const oci::Descriptor& layer) { return open_(layer); }
  [[nodiscard]] const std::vector<oci::Descriptor>& layers() const noexcept { return layers_; }
  [[nodiscard]] bool used(const hash::Digest& digest) const { return used_.contains(digest); }

  /// The digest of the RAFS blob of a blob whose data is elsewhere.
  [[nodiscard]] hash::Digest meta_digest(const Blob& blob, const hash::Digest& id) const {
    if (blob.meta_digest != RawDigest{}) return {hash::Algorithm::sha256, blob.meta_digest};
    const auto found = std::ranges::find_if(
        layers_, [&](const oci::Descriptor& layer) { return annotation(layer, kRefAnnotation) == id.to_string(); });
    if (found == layers_.end()) {
      throw FormatError("no layer of the image refers to the OCI layer " + id.to_string(),
                        "the image is damaged; convert it again");
    }
    return found->digest;
  }

 private:
  std::shared_ptr<io::ByteSource> open(const hash::Digest& digest, std::uint64_t size) {
    used_.insert(digest);
    const auto layer = std::ranges::find(layers_, digest, &oci::Descriptor::digest);
    if (layer != layers_.end()) return open_(*layer);
    oci::Descriptor blob;
    blob.media_type = kBlobMediaType;
    blob.digest = digest;
    blob.size = size;
    try {
      return open_(blob);
    } catch (NotFound& error) {
      error.add_hint("the image refers to a blob of another image: copy that image to the same repository");
      throw;
    }
  }

  const std::vector<oci::Descriptor> layers_;
  const BlobOpener open_;
  std::set<hash::Digest> used_;
};

class Reader final : public RafsReader {
 public:
  Reader(const std::shared_ptr<ImageBlobs>& blobs, oci::Descriptor bootstrap, const OpenOptions& options)
      : RafsReader([blobs](const Blob& blob) { return blobs->find(blob); }, options),
        blobs_(blobs),
        layer_(std::move(bootstrap)) {}

 protected:
  Rafs load() override {
    try {
      bootstrap_ = read_image_bootstrap(*blobs_->open(layer_), options(), {});
      const Buffer bytes = std::exchange(bootstrap_.bytes, {});
      Rafs rafs = read_bootstrap(bytes.view());
      const std::string version = annotation(layer_, kFsVersionAnnotation);
      if (!version.empty() && version != std::to_string(static_cast<int>(rafs.version))) {
        throw FormatError("the bootstrap is of version " + std::to_string(static_cast<int>(rafs.version)) +
                          ", its annotation says " + version);
      }
      return rafs;
    } catch (Error& error) {
      error.add_context("bootstrap layer " + layer_.digest.short_string());
      throw;
    }
  }

  [[nodiscard]] std::string kind() const override { return "Nydus image"; }

  void check_meta(const Blob& blob, const BlobMeta& meta) override {
    std::string hex = blob.id;
    if ((blob.features & feature::kSeparate) != 0) {
      hex = blobs_->meta_digest(blob, hash::Digest::try_parse("sha256:" + blob.id)).hex();
    }
    // Images of older builders have no such files, and readers fetch what is in the blob.
    const auto file = bootstrap_.metas.find(hex);
    if (file != bootstrap_.metas.end()) check_meta_file(file->second, meta);
  }

  void verify_others(const hash::Digest& diff_id, const CancelToken& cancel) override {
    check_bootstrap_digests(diff_id);
    // Layers whose files are all hidden by higher ones, and dictionaries' blobs that are listed for nothing.
    IgnoreEntries ignored;
    for (const oci::Descriptor& layer : blobs_->layers()) {
      if (!is_blob_layer(layer) || blobs_->used(layer.digest)) continue;
      OpenOptions others = options();
      others.other_blobs = [this](const oci::Descriptor& blob) { return blobs_->open(blob); };
      try {
        make_layer_reader(layer, blobs_->open(layer), others)->verify(ignored, {}, cancel);
      } catch (Error& error) {
        error.add_context("layer " + layer.digest.short_string());
        throw;
      }
    }
  }

  void verify_bootstrap(const CancelToken&) override { check_bootstrap_digests({}); }

 private:
  void check_bootstrap_digests(const hash::Digest& diff_id) const {
    const hash::Digest& want = layer_.digest;
    if (want.algorithm() == hash::Algorithm::sha256 && !want.empty() && bootstrap_.digest != want) {
      throw DigestMismatch("bootstrap layer", want.to_string(), bootstrap_.digest.to_string(), layer_.size);
    }
    if (!diff_id.empty() && bootstrap_.diff_id != diff_id) {
      throw DigestMismatch("diffID of the bootstrap layer", diff_id.to_string(), bootstrap_.diff_id.to_string(), 0);
    }
  }

  const std::shared_ptr<ImageBlobs> blobs_;
  const oci::Descriptor layer_;
  ImageBootstrap bootstrap_;
};

}  // namespace

std::unique_ptr<RafsReader> make_image_reader(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                              const OpenOptions& options) {
  const oci::Descriptor* const bootstrap = find_bootstrap_layer(layers);
  if (bootstrap == nullptr) {
    throw FormatError("the image has no bootstrap layer", "convert it with --driver nydus first");
  }
  return std::make_unique<Reader>(std::make_shared<ImageBlobs>(layers, blobs), *bootstrap, options);
}

std::unique_ptr<LayerReader> open_image(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                        const OpenOptions& options) {
  if (find_bootstrap_layer(layers) == nullptr) return nullptr;
  return make_image_reader(layers, blobs, options);
}

}  // namespace accel::formats::nydus
