/// Nydus images for tests: converted in memory, from tars.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats/encode_layer.hpp"

namespace accel::formats::nydus::testing {

/// An image in memory, converted.
struct Image {
  std::vector<formats::testing::EncodedLayer> layers;
  ImageResult result;
  Bytes bootstrap_layer;
  std::vector<std::string> notes;

  [[nodiscard]] std::vector<oci::Descriptor> descriptors() const {
    std::vector<oci::Descriptor> all;
    for (const formats::testing::EncodedLayer& layer : layers) all.push_back(layer.descriptor());
    oci::Descriptor own;
    own.media_type = result.layer.media_type;
    own.digest = hash::sha256(bootstrap_layer);
    own.size = bootstrap_layer.size();
    own.annotations = result.layer.annotations;
    all.push_back(own);
    return all;
  }
  [[nodiscard]] BlobOpener opener() const {
    std::map<hash::Digest, Bytes> blobs = {{hash::sha256(bootstrap_layer), bootstrap_layer}};
    for (const formats::testing::EncodedLayer& layer : layers) blobs.emplace(hash::sha256(layer.blob), layer.blob);
    return [blobs = std::move(blobs)](const oci::Descriptor& blob) -> std::shared_ptr<io::ByteSource> {
      return std::make_shared<io::MemorySource>(Bytes(blobs.at(blob.digest)));
    };
  }
  [[nodiscard]] std::string tar() const { return formats::testing::decompress(bootstrap_layer); }
};

inline Image convert(const Format& format, const std::vector<std::string>& tars) {
  Image image;
  ThreadPool pool(2);
  MemoryBudget budget(64U << 20U);
  ConvertedImage converted{hash::sha256(as_bytes("manifest")), "registry.example/image:1", {}};
  for (const std::string& tar : tars) {
    image.layers.push_back(formats::testing::encode_layer(format, tar));
    converted.layers.push_back({{}, image.layers.back().descriptor(), image.layers.back().result.part});
  }
  EncodeContext context = formats::testing::make_context(pool, budget);
  context.note = [&](std::string note) { image.notes.push_back(std::move(note)); };
  io::MemorySink sink;
  image.result = format.encode_image(converted, sink, context);
  image.bootstrap_layer = to_bytes(sink.view());
  return image;
}

}  // namespace accel::formats::nydus::testing
