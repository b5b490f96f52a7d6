/// Opens the stored layers of an image with the reader of their format.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/base/cancel.hpp"
#include "accel/codec/codec.hpp"
#include "accel/convert/backends.hpp"
#include "accel/convert/location.hpp"
#include "accel/convert/tally.hpp"
#include "accel/formats/format.hpp"
#include "accel/oci/manifest.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// The tag of the image that holds the external TOCs of the image at `location`; "" when its tag is not known.
std::string toc_image_of(const Location& location);

/// Refuses encrypted layers. Thread-safe. What it was made with must outlive it and its readers.
class LayerOpener {
 public:
  /// `toc_image`: tag or digest of the image of external TOCs, which need not exist; "" for none.
  LayerOpener(oci::Repository& repository, std::string toc_image, const codec::DecodeLimits& limits, JobState& job,
              const CancelToken& cancel);
  /// Where blobs of images are that are not in the repository; null for nowhere.
  void use_backends(std::shared_ptr<Backends> backends) { backends_ = std::move(backends); }

  /// A reader by formats::open_layer.
  [[nodiscard]] std::unique_ptr<formats::LayerReader> open(const oci::Descriptor& layer);
  /// A reader of the tar that the layer is to clients that know no format.
  [[nodiscard]] std::unique_ptr<formats::LayerReader> open_tar(const oci::Descriptor& layer);
  /// A reader of the first format that knows the layer; null for an ordinary tar layer.
  [[nodiscard]] std::unique_ptr<formats::LayerReader> open_converted(const oci::Descriptor& layer);
  /// A reader of the image that these layers make together, by formats::open_image; null when its layers are read one
  /// by one.
  [[nodiscard]] std::unique_ptr<formats::LayerReader> open_image(const std::vector<oci::Descriptor>& layers);
  /// An unpacker of the image that these layers make together, by formats::open_unpacker; null when the layers are
  /// tars. What it reads is reported as kind "pull".
  [[nodiscard]] std::unique_ptr<formats::ImageUnpacker> open_unpacker(const std::vector<oci::Descriptor>& layers);
  /// The external TOC of `layer` if a reader that was opened here has asked for it and there is one.
  [[nodiscard]] std::optional<oci::Descriptor> used_external_toc(const oci::Descriptor& layer);

 private:
  [[nodiscard]] formats::BlobOpener blobs_of(const std::vector<oci::Descriptor>& layers, std::string kind);
  [[nodiscard]] std::shared_ptr<io::ByteSource> source(const oci::Descriptor& layer, std::string_view kind = "check");
  [[nodiscard]] std::shared_ptr<io::ByteSource> source_elsewhere(const oci::Descriptor& blob, std::string_view kind);
  [[nodiscard]] formats::OpenOptions options();
  std::optional<Bytes> find_external_toc(const oci::Descriptor& layer);

  oci::Repository& repository_;
  const std::string toc_image_;
  const codec::DecodeLimits limits_;
  JobState& job_;
  const CancelToken cancel_;
  std::shared_ptr<Backends> backends_;
  std::mutex mutex_;
  std::optional<oci::Manifest> tocs_;  // read when first needed; without layers when there is no such image
  std::map<hash::Digest, oci::Descriptor> used_tocs_;
};

}  // namespace accel::convert
