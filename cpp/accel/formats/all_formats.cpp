#include "accel/formats/all_formats.hpp"

#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/estargz/format.hpp"
#include "accel/formats/nydus/format.hpp"
#include "accel/formats/tar_layer/reader.hpp"
#include "accel/formats/zstdchunked/format.hpp"

namespace accel::formats {

const std::vector<FormatInfo>& all_formats() {
  static const std::vector<FormatInfo> formats = {
      estargz::format_info(),
      zstdchunked::format_info(),
      nydus::format_info(),
  };
  return formats;
}

const FormatInfo& find_format(std::string_view name) {
  std::vector<std::string_view> known;
  std::string list;
  for (const FormatInfo& format : all_formats()) {
    if (format.name == name) return format;
    known.push_back(format.name);
    list.append(list.empty() ? "" : ", ").append(format.name);
  }
  const std::string nearest = nearest_name(name, known);
  throw ConfigError("there is no driver \"" + std::string(name) + "\"",
                    nearest.empty() ? "drivers are " + list : "did you mean \"" + nearest + "\"? Drivers are " + list);
}

std::unique_ptr<Format> make_format(std::string_view name, const OptionValues& options) {
  return find_format(name).make(options);
}

std::unique_ptr<LayerReader> open_layer(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                        const OpenOptions& options) {
  for (const FormatInfo& format : all_formats()) {
    if (std::unique_ptr<LayerReader> reader = format.open(layer, blob, options)) return reader;
  }
  return tar_layer::open_reader(layer, std::move(blob), options);
}

std::unique_ptr<LayerReader> open_image(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                        const OpenOptions& options) {
  for (const FormatInfo& format : all_formats()) {
    if (format.open_image == nullptr) continue;
    if (std::unique_ptr<LayerReader> reader = format.open_image(layers, blobs, options)) return reader;
  }
  return nullptr;
}

std::unique_ptr<ImageUnpacker> open_unpacker(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                             const OpenOptions& options) {
  for (const FormatInfo& format : all_formats()) {
    if (format.open_unpacker == nullptr) continue;
    if (std::unique_ptr<ImageUnpacker> unpacker = format.open_unpacker(layers, blobs, options)) return unpacker;
  }
  return nullptr;
}

}  // namespace accel::formats
