#include "accel/formats/zstdchunked/format.hpp"

#include <utility>

#include "accel/formats/estargz/encoder.hpp"
#include "accel/formats/fingerprint.hpp"
#include "accel/formats/zstdchunked/containers_encoder.hpp"
#include "accel/formats/zstdchunked/layout.hpp"
#include "accel/formats/zstdchunked/options.hpp"
#include "accel/formats/zstdchunked/reader.hpp"
#include "accel/formats/zstdchunked/stargz_tail.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::formats::zstdchunked {

namespace {

/// Goes up when the same options and input give other bytes.
constexpr int kOutputVersion = 2;
/// The twin of a joint image, whose annotations are for containers/storage.
constexpr std::string_view kTwinTagSuffix = "-containers";

std::string_view to_text(Dialect dialect) {
  switch (dialect) {
    case Dialect::stargz:
      return "stargz";
    case Dialect::containers:
      return "containers";
    case Dialect::joint:
      break;
  }
  return "joint";
}

std::string_view to_text(Publish publish) {
  switch (publish) {
    case Publish::stargz:
      return "stargz";
    case Publish::containers:
      return "containers";
    case Publish::both:
      break;
  }
  return "both";
}

class ZstdChunkedFormat final : public Format {
 public:
  ZstdChunkedFormat(std::string_view name, Options options) : name_(name), options_(std::move(options)) {
    settings_.chunk_size = options_.chunk_size;
    settings_.prioritized_files = options_.prioritized_files;
    settings_.encoders = std::make_shared<UnitEncoderPool>(
        [level = options_.compression_level] { return codec::make_zstd_encoder(level); });
    settings_.frame_level = options_.compression_level;
    settings_.tail = make_stargz_tail();
  }

  [[nodiscard]] std::string_view name() const override { return name_; }

  [[nodiscard]] Capabilities capabilities() const override {
    Capabilities capabilities;
    capabilities.needs_oci = true;  // no Docker type for zstd, and layer annotations
    capabilities.keeps_diff_ids = options_.dialect != Dialect::stargz;
    if (options_.dialect == Dialect::joint && options_.publish == Publish::both) {
      capabilities.twin_tag_suffix = kTwinTagSuffix;
    }
    return capabilities;
  }

  [[nodiscard]] std::string fingerprint() const override {
    std::vector<std::pair<std::string_view, std::string>> values = {
        {"codec", codec::encoder_version(codec::Compression::zstd)},
        {"level", std::to_string(options_.compression_level)},
        {"dialect", std::string(to_text(options_.dialect))}};
    if (options_.dialect == Dialect::stargz) {
      values.emplace_back("chunk_size", std::to_string(options_.chunk_size));
      values.emplace_back("prioritized_files", list_fingerprint(options_.prioritized_files));
    }
    if (options_.dialect == Dialect::joint) values.emplace_back("publish", to_text(options_.publish));
    return make_fingerprint("zstdchunked", kOutputVersion, values);
  }

  [[nodiscard]] std::string layer_media_type(std::string_view media_type) const override {
    return oci::with_compression(media_type, codec::Compression::zstd);
  }

  [[nodiscard]] std::unique_ptr<LayerEncoder> encode(const oci::Descriptor& source, io::ByteSink& sink,
                                                     const EncodeContext& context) const override {
    std::string media_type = layer_media_type(source.media_type);
    if (options_.dialect != Dialect::stargz) {
      return make_containers_encoder(options_, settings_.encoders, std::move(media_type), sink, context);
    }
    if (context.staged || !options_.prioritized_files.empty()) {
      return estargz::make_staged_encoder(settings_, std::move(media_type), sink, context);
    }
    return estargz::make_stream_encoder(settings_, std::move(media_type), sink, context);
  }

  [[nodiscard]] bool is_converted(const oci::Descriptor& layer) const override {
    if (!oci::is_layer(layer.media_type) || layer.media_type != layer_media_type(layer.media_type)) return false;
    const auto has = [&](std::string_view key) { return layer.annotations.contains(std::string(key)); };
    switch (options_.dialect) {
      case Dialect::stargz:
        return options_.prioritized_files.empty() && has(estargz::kTocDigestAnnotation);
      case Dialect::containers:
        return has(kManifestChecksumAnnotation) && has(kManifestPositionAnnotation) &&
               has(kTarSplitPositionAnnotation) && !has(estargz::kTocDigestAnnotation);
      case Dialect::joint:
        break;  // annotations do not tell whether the blob serves the other reader too
    }
    return false;
  }

 private:
  const std::string name_;
  const Options options_;
  estargz::EncoderSettings settings_;
};

std::unique_ptr<Format> make(const OptionValues& values) {
  return std::make_unique<ZstdChunkedFormat>("zstdchunked", parse_options(values));
}

}  // namespace

std::unique_ptr<Format> make_stargz_format(std::string_view name, std::optional<int> level, std::uint64_t chunk_size,
                                           std::vector<std::string> prioritized_files) {
  Options options;
  options.compression_level = level.value_or(kDefaultLevel);
  options.chunk_size = chunk_size;
  options.prioritized_files = std::move(prioritized_files);
  return std::make_unique<ZstdChunkedFormat>(name, std::move(options));
}

FormatInfo format_info() {
  return {"zstdchunked", "zstd:chunked: zstd layers that stargz-snapshotter or podman pull lazily", &option_table(),
          &make, &open_reader};
}

}  // namespace accel::formats::zstdchunked
