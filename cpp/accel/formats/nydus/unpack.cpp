#include "accel/formats/nydus/unpack.hpp"

#include <utility>

#include "accel/formats/nydus/image_reader.hpp"
#include "accel/formats/nydus/rafs_reader.hpp"
#include "accel/formats/nydus/reader.hpp"

namespace accel::formats::nydus {

void unpack_layer(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob, io::ByteSink& sink,
                  const OpenOptions& options, const CancelToken& cancel) {
  make_layer_reader(layer, std::move(blob), options)->unpack(sink, cancel);
}

void unpack_image(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs, io::ByteSink& sink,
                  const OpenOptions& options, const CancelToken& cancel) {
  make_image_reader(layers, blobs, options)->unpack(sink, cancel);
}

}  // namespace accel::formats::nydus
