#include "accel/convert/layer_opener.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/convert/image.hpp"
#include "accel/convert/streamed_source.hpp"
#include "accel/formats/all_formats.hpp"
#include "accel/formats/estargz/external_toc.hpp"
#include "accel/formats/tar_layer/reader.hpp"
#include "accel/oci/json.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kMaxExternalToc = 256U << 20U;  // compressed; about ten times the largest seen

oci::Manifest read_toc_manifest(oci::Repository& repository, const std::string& image, const CancelToken& cancel) {
  if (image.empty()) return {};
  try {
    return oci::parse_manifest(repository.get_manifest(image, cancel).bytes);
  } catch (const NotFound&) {
    return {};
  }
}

}  // namespace

std::string toc_image_of(const Location& location) {
  const std::string& tag = location.transport == Location::Transport::registry ? location.reference.tag : location.tag;
  if (tag.empty() || !hash::Digest::try_parse(tag).empty()) return {};
  return formats::estargz::toc_image_tag(tag);
}

LayerOpener::LayerOpener(oci::Repository& repository, std::string toc_image, const codec::DecodeLimits& limits,
                         JobState& job, const CancelToken& cancel)
    : repository_(repository), toc_image_(std::move(toc_image)), limits_(limits), job_(job), cancel_(cancel) {}

std::unique_ptr<formats::LayerReader> LayerOpener::open(const oci::Descriptor& layer) {
  return formats::open_layer(layer, source(layer), options());
}

std::unique_ptr<formats::LayerReader> LayerOpener::open_tar(const oci::Descriptor& layer) {
  return formats::tar_layer::open_reader(layer, source(layer), options());
}

std::unique_ptr<formats::LayerReader> LayerOpener::open_converted(const oci::Descriptor& layer) {
  const std::shared_ptr<io::ByteSource> blob = source(layer);
  for (const formats::FormatInfo& format : formats::all_formats()) {
    if (auto reader = format.open(layer, blob, options())) return reader;
  }
  return nullptr;
}

std::unique_ptr<formats::LayerReader> LayerOpener::open_image(const std::vector<oci::Descriptor>& layers) {
  return formats::open_image(layers, blobs_of(layers, "check"), options());
}

std::unique_ptr<formats::ImageUnpacker> LayerOpener::open_unpacker(const std::vector<oci::Descriptor>& layers) {
  return formats::open_unpacker(layers, blobs_of(layers, "pull"), options());
}

formats::BlobOpener LayerOpener::blobs_of(const std::vector<oci::Descriptor>& layers, std::string kind) {
  return [this, layers, kind = std::move(kind)](const oci::Descriptor& blob) {
    const auto layer = std::ranges::find(layers, blob.digest, &oci::Descriptor::digest);
    return layer != layers.end() ? source(*layer, kind) : source_elsewhere(blob, kind);
  };
}

std::shared_ptr<io::ByteSource> LayerOpener::source_elsewhere(const oci::Descriptor& blob, std::string_view kind) {
  if (blob.size > 0 && repository_.has_blob(blob, cancel_)) return source(blob, kind);
  if (auto found = backends_ ? backends_->find_blob(blob.digest, cancel_) : nullptr) return found;
  const std::string also = backends_ ? " nor in " + backends_->names() : "";
  throw NotFound("layer " + blob.digest.short_string() + " is not in " + repository_.name() + also,
                 RegistryError::Fields{},
                 "it may be in a storage backend: name that of the conversion (--backend-type and --backend-config, or "
                 "--config)");
}

std::optional<oci::Descriptor> LayerOpener::used_external_toc(const oci::Descriptor& layer) {
  const std::lock_guard lock(mutex_);
  const auto found = used_tocs_.find(layer.digest);
  return found == used_tocs_.end() ? std::nullopt : std::optional(found->second);
}

std::shared_ptr<io::ByteSource> LayerOpener::source(const oci::Descriptor& layer, std::string_view kind) {
  refuse_encrypted(layer);
  return std::make_shared<StreamedSource>(repository_, layer, job_, cancel_, kind);
}

formats::OpenOptions LayerOpener::options() {
  formats::OpenOptions options;
  options.decode_limits = limits_;
  options.external_toc = [this](const oci::Descriptor& layer) { return find_external_toc(layer); };
  return options;
}

std::optional<Bytes> LayerOpener::find_external_toc(const oci::Descriptor& layer) {
  oci::Descriptor toc;
  {
    const std::lock_guard lock(mutex_);
    if (!tocs_) tocs_ = read_toc_manifest(repository_, toc_image_, cancel_);
    const oci::Descriptor* found = formats::estargz::find_toc(*tocs_, layer.digest);
    if (found == nullptr) return std::nullopt;
    toc = used_tocs_[layer.digest] = *found;
  }
  return to_bytes(as_bytes(read_small_blob(repository_, toc, kMaxExternalToc, cancel_)));
}

}  // namespace accel::convert
