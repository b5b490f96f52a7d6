#include "accel/formats/nydus/dict_builder.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/bootstrap_layer.hpp"
#include "accel/formats/nydus/compressor.hpp"
#include "accel/formats/nydus/image_layer.hpp"
#include "accel/formats/nydus/meta_reader.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/io/memory.hpp"

namespace accel::formats::nydus {

namespace {

/// Larger files of chunk information are left out: readers find it in the blob as well.
constexpr std::uint64_t kMaxMetaFile = 256U << 20U;

/// What all images of a dictionary must have in common, in words.
std::string parameters_of(const Rafs& rafs) {
  std::string text = "RAFS version " + std::to_string(static_cast<unsigned>(rafs.version));
  text += ", chunk size " + std::to_string(rafs.chunk_size);
  text += rafs.digester == Digester::sha256 ? ", digester sha256" : ", digester blake3";
  if (rafs.version == FsVersion::v5) text.append(", compressor ").append(to_string(rafs.compressor));
  if (!rafs.explicit_ids) text += ", owners of whoever mounts it";
  return text;
}

/// The file `image/<digest>.blob.meta` of `blob`; empty unless it has the form that readers need (corrections.md 1, 3).
StoredMeta parse_meta_file(Bytes file, const Blob& blob) {
  const std::uint64_t ci_size = blob.ci_uncompressed_size;
  if (ci_size == 0 || file.size() != round_up(ci_size) + kCiHeaderSize) return {};
  StoredMeta meta;
  meta.header.assign(file.end() - static_cast<std::ptrdiff_t>(kCiHeaderSize), file.end());
  file.resize(static_cast<std::size_t>(ci_size));
  meta.ci_size = ci_size;
  meta.ci = std::make_shared<io::MemorySource>(std::move(file));
  return meta;
}

void require_shareable(const Blob& blob) {
  const bool elsewhere = (blob.features & (feature::kSeparate | feature::kTarfs)) != 0;
  const bool encrypted = (blob.features & feature::kEncrypted) != 0;
  if (!elsewhere && !encrypted) return;
  throw UnsupportedError(
      encrypted ? "its blobs are encrypted, and their keys would be in the dictionary" : "it was made with oci_ref",
      "convert it without that for the dictionary");
}

}  // namespace

void DictBuilder::check_fits(const hash::Digest& image, const Rafs& rafs) {
  const std::string parameters = parameters_of(rafs);
  if (images_.empty()) {
    parameters_ = parameters;
    first_ = image;
  }
  if (parameters == parameters_) return;
  throw ConfigError("images of one dictionary must be alike: this one has " + parameters + "; " +
                        first_.short_string() + " before it has " + parameters_,
                    "convert all of them with the same options");
}

void DictBuilder::add(const hash::Digest& image, Rafs rafs, const std::vector<oci::Descriptor>& layers) {
  check_fits(image, rafs);
  for (const Blob& blob : rafs.blobs) {
    require_shareable(blob);
    const auto layer =
        std::ranges::find_if(layers, [&](const oci::Descriptor& known) { return known.digest.hex() == blob.id; });
    if (layer == layers.end()) {
      throw UnsupportedError("its blob " + blob.id + " is none of its layers",
                             "blobs in a backend cannot be part of a dictionary; convert it without backend_type");
    }
    blobs_.emplace(blob.id, *layer);
  }
  merger_.add_below(image.hex(), std::move(rafs));
  images_.insert(image);
}

void DictBuilder::add_stored(const hash::Digest& image, io::ByteStream& image_layer_tar,
                             const std::vector<oci::Descriptor>& layers, const CancelToken& cancel) {
  std::map<std::string, Bytes> files;
  const auto keep = [&](std::string_view blob_hex, std::uint64_t size, io::ByteStream& content) {
    if (size <= kMaxMetaFile) files[std::string(blob_hex)] = io::read_all(content, static_cast<std::size_t>(size));
  };
  const Buffer bootstrap = read_bootstrap_layer(image_layer_tar, keep, {}, cancel);
  if (images_.contains(image)) return;
  Rafs rafs = read_bootstrap(bootstrap.view());
  for (const Blob& blob : rafs.blobs) {
    if (metas_.contains(blob.id)) continue;
    if (StoredMeta meta = parse_meta_file(std::move(files[blob.id]), blob); !meta.empty()) {
      metas_.emplace(blob.id, std::move(meta));
    }
  }
  add(image, std::move(rafs), layers);
}

void DictBuilder::add_converted(const ConvertedImage& image) {
  if (images_.contains(image.source_digest)) return;
  std::vector<MetaFile> metas;
  Rafs rafs = merge_parts(image, nullptr, {}, metas);
  std::vector<oci::Descriptor> layers;
  for (const ImageLayer& layer : image.layers) {
    oci::Descriptor& blob = layers.emplace_back();  // as the image's manifest would have it
    blob.media_type = kBlobMediaType;
    blob.digest = layer.blob.digest;
    blob.size = layer.blob.size;
    blob.annotations.emplace(kBlobAnnotation, "true");
  }
  for (const MetaFile& file : metas) {
    if (!file.meta->empty()) metas_.emplace(file.blob_hex, *file.meta);
  }
  add(image.source_digest, std::move(rafs), layers);
}

ImageResult DictBuilder::finish(io::ByteSink& sink, const EncodeContext& context) {
  if (images_.empty()) throw ConfigError("a chunk dictionary needs at least one image", "name one");
  const Rafs rafs = merger_.finish({});
  if (rafs.blobs.size() > kMaxBlobs) {
    throw UnsupportedError("the images have " + std::to_string(rafs.blobs.size()) +
                               " blobs together, and readers take " + std::to_string(kMaxBlobs) + " in one bootstrap",
                           "make the dictionary of fewer images");
  }
  std::vector<MetaFile> metas;
  ForeignBlobs blobs;
  for (const Blob& blob : rafs.blobs) {
    blobs.push_back(blobs_.at(blob.id));
    if (const auto meta = metas_.find(blob.id); meta != metas_.end()) metas.push_back({blob.id, &meta->second});
  }
  ImageResult result = write_image_layer(rafs, metas, sink, context);
  result.foreign_blobs = std::move(blobs);
  return result;
}

}  // namespace accel::formats::nydus
