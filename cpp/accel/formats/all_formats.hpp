/// THE list of formats, and opening a layer whatever its format.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "accel/formats/format.hpp"

namespace accel::formats {

/// All formats, in the order in which help lists them and readers are tried.
const std::vector<FormatInfo>& all_formats();

/// The line of the list with this name. Throws ConfigError naming the nearest one and all there are.
const FormatInfo& find_format(std::string_view name);

/// find_format(name).make(options). Throws ConfigError.
std::unique_ptr<Format> make_format(std::string_view name, const OptionValues& options);

/// A reader for a stored layer: of the first format that knows it, else one for an ordinary tar layer of any
/// compression. `layer` is its descriptor (media type, digest and annotations are looked at; the digest may be empty).
/// Throws FormatError when the blob claims to be of a format and is not.
std::unique_ptr<LayerReader> open_layer(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob,
                                        const OpenOptions& options = {});

/// A reader for a whole image of a format that has a layer of the image's own (Capabilities::image_layer); null when
/// the image is of no such format. Throws FormatError when it claims to be and is not.
std::unique_ptr<LayerReader> open_image(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                        const OpenOptions& options = {});

/// An unpacker of a whole image of a format whose layers are no tars; null when the image is of no such format. Throws
/// FormatError when it claims to be and is not.
std::unique_ptr<ImageUnpacker> open_unpacker(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                             const OpenOptions& options = {});

}  // namespace accel::formats
