#include "accel/formats/nydus/reader.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs_reader.hpp"
#include "accel/formats/nydus/stored_layers.hpp"
#include "accel/formats/nydus/toc_reader.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::formats::nydus {

namespace {

/// A blob that a layer's bootstrap names besides the layer itself.
std::shared_ptr<io::ByteSource> open_other(const OpenOptions& options, const std::string& id, std::uint64_t size) {
  oci::Descriptor blob;
  blob.digest = hash::Digest::try_parse("sha256:" + id);
  blob.size = size;
  if (blob.digest.empty()) throw FormatError("the layer refers to a blob whose id \"" + id + "\" is no digest");
  std::shared_ptr<io::ByteSource> source = options.other_blobs ? options.other_blobs(blob) : nullptr;
  if (!source) {
    throw UnsupportedError("read a nydus layer: some of its content is in the blob " + blob.digest.to_string(),
                           "read the whole image instead");
  }
  return source;
}

FindBlob make_finder(const oci::Descriptor& layer, const std::shared_ptr<io::ByteSource>& blob,
                     const OpenOptions& options) {
  return [layer, blob, options](const Blob& wanted) {
    if (wanted.id == kOwnBlobId) return BlobFiles{blob, blob, layer.digest, layer.digest};
    const hash::Digest id = hash::Digest::try_parse("sha256:" + wanted.id);
    if ((wanted.features & feature::kSeparate) == 0) {
      const std::shared_ptr<io::ByteSource> other = open_other(options, wanted.id, 0);
      return BlobFiles{other, other, id, id};
    }
    const std::shared_ptr<io::ByteSource> data = open_other(options, wanted.id, wanted.compressed_size);
    if (is_own(wanted)) return BlobFiles{blob, data, layer.digest, id};
    const std::string meta = hex_encode(wanted.meta_digest);
    return BlobFiles{open_other(options, meta, wanted.meta_size), data, hash::Digest::try_parse("sha256:" + meta), id};
  };
}

class Reader final : public RafsReader {
 public:
  Reader(oci::Descriptor layer, std::shared_ptr<io::ByteSource> blob, const OpenOptions& options)
      : RafsReader(make_finder(layer, blob, options), options), layer_(std::move(layer)), blob_(std::move(blob)) {}

  LayerSummary summary() override {
    // Blobs made with a bootstrap beside them are told by their descriptor alone.
    if (!ends_with_section(*blob_)) {
      LayerSummary summary;
      summary.format = "Nydus blob";
      return summary;
    }
    return RafsReader::summary();
  }

 protected:
  Rafs load() override {
    const Buffer bootstrap =
        ends_with_section(*blob_) ? read_inlined_bootstrap(*blob_, options().max_toc_bytes) : Buffer();
    if (bootstrap.empty()) {
      throw UnsupportedError("read a nydus layer: it has no bootstrap inside", "read the whole image instead");
    }
    BootstrapLimits limits;
    limits.max_names = options().max_toc_entries;
    return read_bootstrap(bootstrap.view(), limits);
  }

  [[nodiscard]] std::string kind() const override { return "Nydus layer"; }

  void verify_others(const hash::Digest& diff_id, const CancelToken& cancel) override {
    if (layer_.digest.empty()) return;
    if (layer_.size != 0 && layer_.size != blob_->size()) {
      throw FormatError("the layer has " + std::to_string(blob_->size()) + " bytes, its descriptor says " +
                        std::to_string(layer_.size));
    }
    if (!diff_id.empty() && diff_id != layer_.digest) {
      throw DigestMismatch("diffID of a nydus layer, which is its own digest", diff_id.to_string(),
                           layer_.digest.to_string(), blob_->size());
    }
    if (layer_.digest.algorithm() != hash::Algorithm::sha256 || is_in_table()) return;
    // A layer without chunks of its own: nothing else has gone through it.
    const hash::Digest actual = ForwardReader(blob_, ForwardReader::Mode::whole, cancel).finish().whole;
    if (actual != layer_.digest) {
      throw DigestMismatch("layer blob", layer_.digest.to_string(), actual.to_string(), blob_->size());
    }
  }

  void verify_bootstrap(const CancelToken& cancel) override { verify_others({}, cancel); }

 private:
  [[nodiscard]] bool is_in_table() { return std::ranges::any_of(rafs().blobs, is_own); }

  const oci::Descriptor layer_;
  const std::shared_ptr<io::ByteSource> blob_;
};

}  // namespace

std::unique_ptr<RafsReader> make_layer_reader(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                              const OpenOptions& options) {
  return std::make_unique<Reader>(layer, std::move(blob), options);
}

std::unique_ptr<LayerReader> open_reader(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                         const OpenOptions& options) {
  if (!is_blob_layer(layer) && !ends_with_section(*blob)) return nullptr;
  return make_layer_reader(layer, std::move(blob), options);
}

}  // namespace accel::formats::nydus
