#include "accel/formats/nydus/image_layer.hpp"

#include <string_view>

#include "accel/formats/nydus/layer_part.hpp"
#include "accel/formats/nydus/merge.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::string_view kBuilder = "acceleration-service " ACCEL_VERSION;

}  // namespace

Rafs merge_parts(const ConvertedImage& image, const ChunkDict* dictionary, const std::vector<std::string>& prefetch,
                 std::vector<MetaFile>& metas) {
  Merger merger(dictionary);
  for (const ImageLayer& layer : image.layers) {
    const auto& part = dynamic_cast<const NydusPart&>(*layer.part);
    merger.add(
        {read_bootstrap(part.bootstrap.view()), layer.blob.digest, layer.blob.size, part.toc_digest, part.toc_size});
    metas.push_back({layer.blob.digest.hex(), &part.meta});
  }
  return merger.finish(prefetch);
}

ImageResult write_image_layer(const Rafs& rafs, const std::vector<MetaFile>& metas, io::ByteSink& sink,
                              const EncodeContext& context) {
  const CompressedTar::Content written = write_bootstrap_layer(write_bootstrap(rafs).view(), metas, sink, context);
  const std::string version = std::to_string(static_cast<unsigned>(rafs.version));
  ImageResult result;
  result.layer.media_type = oci::kOciLayerGzip;
  result.layer.diff_id = written.diff_id;
  result.layer.uncompressed_size = written.uncompressed_size;
  result.layer.annotations = {{std::string(kBootstrapAnnotation), "true"},
                              {std::string(kFsVersionAnnotation), version}};
  result.created_by = "Nydus Converter";
  result.comment = "Nydus Bootstrap Layer";
  result.manifest_annotations = {{std::string(kFsVersionAnnotation), version},
                                 {std::string(kBuilderVersionAnnotation), std::string(kBuilder)}};
  return result;
}

}  // namespace accel::formats::nydus
