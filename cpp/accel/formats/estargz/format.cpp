#include "accel/formats/estargz/format.hpp"

#include <utility>

#include "accel/formats/estargz/encoder.hpp"
#include "accel/formats/estargz/options.hpp"
#include "accel/formats/estargz/reader.hpp"
#include "accel/formats/fingerprint.hpp"
#include "accel/formats/zstdchunked/format.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::formats::estargz {

namespace {

/// Goes up when the same options and input give other bytes.
constexpr int kOutputVersion = 1;

class EstargzFormat final : public Format {
 public:
  explicit EstargzFormat(Options options)
      : options_(std::move(options)), level_(options_.compression_level.value_or(kDefaultGzipLevel)) {
    settings_.chunk_size = options_.chunk_size;
    settings_.min_chunk_size = static_cast<std::size_t>(options_.min_chunk_size);
    settings_.prioritized_files = options_.prioritized_files;
    settings_.encoders =
        std::make_shared<UnitEncoderPool>([level = level_] { return codec::make_gzip_encoder(level); });
    settings_.tail = options_.external_toc ? make_external_toc_tail() : make_inner_toc_tail();
  }

  [[nodiscard]] std::string_view name() const override { return "estargz"; }

  [[nodiscard]] Capabilities capabilities() const override {
    Capabilities capabilities;
    capabilities.needs_oci = true;  // layer annotations (estargz.md 9.2)
    capabilities.keeps_diff_ids = options_.keep_diff_id;
    capabilities.external_tocs = options_.external_toc;
    return capabilities;
  }

  [[nodiscard]] std::string fingerprint() const override {
    return make_fingerprint("estargz", kOutputVersion,
                            {{"codec", codec::encoder_version(codec::Compression::gzip)},
                             {"level", std::to_string(level_)},
                             {"chunk_size", std::to_string(options_.chunk_size)},
                             {"min_chunk_size", std::to_string(options_.min_chunk_size)},
                             {"prioritized_files", list_fingerprint(options_.prioritized_files)},
                             {"external_toc", options_.external_toc ? "true" : "false"},
                             {"keep_diff_id", options_.keep_diff_id ? "true" : "false"}});
  }

  [[nodiscard]] std::string layer_media_type(std::string_view media_type) const override {
    return oci::with_compression(media_type, codec::Compression::gzip);
  }

  [[nodiscard]] std::unique_ptr<LayerEncoder> encode(const oci::Descriptor& source, io::ByteSink& sink,
                                                     const EncodeContext& context) const override {
    std::string media_type = layer_media_type(source.media_type);
    if (options_.keep_diff_id) return make_lossless_encoder(settings_, std::move(media_type), sink, context);
    if (context.staged || !options_.prioritized_files.empty()) {
      return make_staged_encoder(settings_, std::move(media_type), sink, context);
    }
    return make_stream_encoder(settings_, std::move(media_type), sink, context);
  }

  [[nodiscard]] bool is_converted(const oci::Descriptor& layer) const override {
    // An external TOC cannot be made for a layer that is kept, and a new order needs a new layer.
    if (options_.external_toc || !options_.prioritized_files.empty()) return false;
    return layer.annotations.contains(std::string(kTocDigestAnnotation)) && oci::is_layer(layer.media_type) &&
           layer.media_type == layer_media_type(layer.media_type);
  }

 private:
  const Options options_;
  const int level_;
  EncoderSettings settings_;
};

std::unique_ptr<Format> make(const OptionValues& values) {
  Options options = parse_options(values);
  if (options.compression == Variant::zstdchunked) {
    return zstdchunked::make_stargz_format("estargz", options.compression_level, options.chunk_size,
                                           std::move(options.prioritized_files));
  }
  return std::make_unique<EstargzFormat>(std::move(options));
}

}  // namespace

FormatInfo format_info() {
  return {"estargz", "eStargz: gzip layers that stargz-snapshotter pulls lazily and every other client as usual",
          &option_table(), &make, &open_reader};
}

}  // namespace accel::formats::estargz
