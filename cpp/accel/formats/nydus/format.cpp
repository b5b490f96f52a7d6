#include "accel/formats/nydus/format.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/fingerprint.hpp"
#include "accel/formats/nydus/bootstrap_layer.hpp"
#include "accel/formats/nydus/chunk_dict.hpp"
#include "accel/formats/nydus/compressor.hpp"
#include "accel/formats/nydus/dict_builder.hpp"
#include "accel/formats/nydus/encoder.hpp"
#include "accel/formats/nydus/image_layer.hpp"
#include "accel/formats/nydus/image_reader.hpp"
#include "accel/formats/nydus/options.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/reader.hpp"
#include "accel/formats/nydus/ref_encoder.hpp"
#include "accel/formats/nydus/stored_part.hpp"
#include "accel/formats/nydus/unpack.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::formats::nydus {

namespace {

/// Goes up when the same options and input give other bytes.
constexpr int kOutputVersion = 1;

std::string_view to_string(FsVersion version) { return version == FsVersion::v5 ? "5" : "6"; }
std::string_view to_string(Digester digester) { return digester == Digester::blake3 ? "blake3" : "sha256"; }
std::string_view to_string(bool value) { return value ? "true" : "false"; }

NativeSettings settings_of(const Options& options) {
  NativeSettings settings;
  settings.version = options.fs_version;
  settings.compressor = options.compressor;
  settings.digester = options.digester;
  settings.chunk_size = options.chunk_size;
  settings.batch_size = options.batch_size;
  settings.align_chunks = options.align_chunks;
  settings.level = level_of(options);
  if (options.compressor != Compressor::none) {
    settings.encoders = std::make_shared<UnitEncoderPool>(
        [codec = chunk_codec(options.compressor), level = settings.level] { return make_chunk_encoder(codec, level); });
  }
  if (options.encrypt) settings.make_key = make_blob_key;
  if (options.compressor == Compressor::zstd && options.chunk_size == SharedFrames::kFrameBytes &&
      options.batch_size == 0 && !options.encrypt) {
    settings.frame_encoders =
        std::make_shared<UnitEncoderPool>([level = settings.level] { return codec::make_zstd_encoder(level); });
  }
  return settings;
}

class NydusFormat final : public Format {
 public:
  explicit NydusFormat(Options options) : options_(std::move(options)), settings_(settings_of(options_)) {}

  [[nodiscard]] std::string_view name() const override { return "nydus"; }

  [[nodiscard]] Capabilities capabilities() const override {
    Capabilities capabilities;
    capabilities.needs_oci = true;  // media type and annotations of layers (corrections.md 17)
    capabilities.image_layer = true;
    capabilities.wants_boundaries = options_.oci_ref;
    return capabilities;
  }

  [[nodiscard]] ImageOptions image_options() const override { return options_.image; }

  [[nodiscard]] std::string fingerprint() const override {
    return make_fingerprint("nydus", kOutputVersion,
                            {{"fs_version", std::string(to_string(options_.fs_version))},
                             {"compressor", std::string(nydus::to_string(options_.compressor))},
                             {"codec", codec::chunk_encoder_version(chunk_codec(options_.compressor))},
                             {"meta_codec", codec::chunk_encoder_version(codec::ChunkCodec::zstd)},
                             {"level", std::to_string(level_of(options_))},
                             {"digester", std::string(to_string(options_.digester))},
                             {"chunk_size", std::to_string(options_.chunk_size)},
                             {"batch_size", std::to_string(options_.batch_size)},
                             {"align_chunks", std::string(to_string(options_.align_chunks))},
                             {"prefetch", list_fingerprint(options_.prefetch_patterns)},
                             {"dictionary", dictionary_text_},
                             {"oci_ref", std::string(to_string(options_.oci_ref))},
                             {"oci_ref_zstd", options_.oci_ref_zstd == ZstdSource::native ? "native" : "refuse"},
                             {"recipients", list_fingerprint(options_.image.encrypt_recipients)}});
  }

  [[nodiscard]] std::string layer_media_type(std::string_view media_type) const override {
    // Throws for what is no layer.
    if (media_type != kBlobMediaType) static_cast<void>(oci::with_compression(media_type, codec::Compression::none));
    return std::string(kBlobMediaType);
  }

  [[nodiscard]] std::unique_ptr<LayerEncoder> encode(const oci::Descriptor& source, io::ByteSink& sink,
                                                     const EncodeContext& context) const override {
    static_cast<void>(layer_media_type(source.media_type));
    if (!options_.oci_ref) return make_native_encoder(settings_, sink, context);
    if (context.source_compression != codec::Compression::zstd) return make_ref_encoder(source, sink, context);
    if (options_.oci_ref_zstd == ZstdSource::refuse) {
      throw UnsupportedError("oci_ref cannot refer to a zstd layer: no reader can start in the middle of it",
                             "set oci_ref_zstd to native to convert such layers, or leave oci_ref out");
    }
    context.note("a zstd layer is converted, as oci_ref cannot refer to it");
    return make_native_encoder(settings_, sink, context);
  }

  [[nodiscard]] bool is_converted(const oci::Descriptor& layer) const override {
    const auto has = [&](std::string_view key) { return layer.annotations.contains(std::string(key)); };
    if (has(kBootstrapAnnotation)) {
      const auto version = layer.annotations.find(std::string(kFsVersionAnnotation));
      return version == layer.annotations.end() || version->second == to_string(options_.fs_version);
    }
    return layer.media_type == kBlobMediaType && has(kBlobAnnotation) && has(kRefAnnotation) == options_.oci_ref &&
           has(kEncryptedAnnotation) == options_.encrypt;
  }

  [[nodiscard]] ImageResult encode_image(const ConvertedImage& image, io::ByteSink& sink,
                                         const EncodeContext& context) const override {
    for (const std::string& note : options_.notes) context.note(note);
    std::vector<MetaFile> metas;
    const Rafs rafs = merge_parts(image, settings_.dictionary.get(), options_.prefetch_patterns, metas);
    ImageResult result = write_image_layer(rafs, metas, sink, context);
    result.foreign_blobs = foreign_blobs(rafs, image);
    result.manifest_annotations.emplace(kSourceDigestAnnotation, image.source_digest.to_string());
    result.manifest_annotations.emplace(kSourceReferenceAnnotation, image.source_reference);
    return result;
  }

  [[nodiscard]] std::shared_ptr<const LayerPart> read_part(const oci::Descriptor&,
                                                           io::ByteSource& blob) const override {
    return read_stored_part(blob);
  }

  [[nodiscard]] std::string dictionary_image() const override { return options_.chunk_dict_ref; }

  void set_dictionary(io::ByteStream& image_layer_tar, const std::vector<oci::Descriptor>& layers) override {
    const Buffer bootstrap = read_bootstrap_layer(image_layer_tar);
    auto dictionary = std::make_shared<ChunkDict>(read_bootstrap(bootstrap.view()));
    dictionary->check_fits(options_.fs_version, options_.chunk_size, options_.digester, options_.compressor);
    settings_.dictionary = std::move(dictionary);
    dictionary_layers_ = layers;
    dictionary_text_ = hash::sha256(bootstrap.view()).hex();
  }

  [[nodiscard]] std::unique_ptr<DictionaryBuilder> make_dictionary() const override {
    const std::pair<const char*, bool> refused[] = {{"chunk_dict_ref", !options_.chunk_dict_ref.empty()},
                                                    {"oci_ref", options_.oci_ref},
                                                    {"encrypt_recipients", options_.encrypt},
                                                    {"backend_type", !options_.image.backend_type.empty()}};
    for (const auto& [name, given] : refused) {
      if (!given) continue;
      throw ConfigError("option " + std::string(name) + " does not fit images of a chunk dictionary", "leave it out");
    }
    return std::make_unique<DictBuilder>();
  }

 private:
  /// The blobs of the dictionary that files of the image still need.
  [[nodiscard]] ForeignBlobs foreign_blobs(const Rafs& rafs, const ConvertedImage& image) const {
    ForeignBlobs foreign;
    const auto hex_is = [](const std::string& id) {
      return [&id](const oci::Descriptor& blob) { return blob.digest.hex() == id; };
    };
    for (const Blob& blob : rafs.blobs) {
      if (!settings_.dictionary || !settings_.dictionary->has_blob(blob.id)) continue;
      const bool own = std::any_of(image.layers.begin(), image.layers.end(),
                                   [&](const ImageLayer& layer) { return layer.blob.digest.hex() == blob.id; });
      if (own) continue;
      const auto found = std::find_if(dictionary_layers_.begin(), dictionary_layers_.end(), hex_is(blob.id));
      if (found == dictionary_layers_.end()) {
        throw FormatError("chunk_dict_ref " + options_.chunk_dict_ref + " has chunks in blob " + blob.id +
                              ", which is none of its layers",
                          "it was made with oci_ref, its layers are in a backend, or it is damaged; name an image that "
                          "holds its blobs");
      }
      foreign.push_back(*found);
    }
    return foreign;
  }

  const Options options_;
  NativeSettings settings_;
  std::vector<oci::Descriptor> dictionary_layers_;
  std::string dictionary_text_ = options_.chunk_dict_ref.empty() ? "none" : list_fingerprint({options_.chunk_dict_ref});
};

std::unique_ptr<Format> make(const OptionValues& values) {
  return std::make_unique<NydusFormat>(parse_options(values));
}

}  // namespace

FormatInfo format_info() {
  return {.name = "nydus",
          .description = "Nydus: RAFS blobs that nydusd and the kernel read lazily, sharing chunks between images",
          .options = &option_table(),
          .make = &make,
          .open = &open_reader,
          .open_image = &open_image,
          .open_unpacker = &open_unpacker};
}

}  // namespace accel::formats::nydus
