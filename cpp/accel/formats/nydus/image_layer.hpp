/// The own layer of a Nydus image: made of the parts of its layers, and what the image's documents say of it.
/// Spec: service.md 5, rafs-v6.md 17.
#pragma once

#include <string>
#include <vector>

#include "accel/formats/format.hpp"
#include "accel/formats/nydus/bootstrap_layer.hpp"
#include "accel/formats/nydus/chunk_dict.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// The file system of the image that was converted (with `dictionary`, if not null), and in `metas` the chunk
/// information of its layers, which the image's parts own. `prefetch` as in Merger::finish. Throws FormatError.
Rafs merge_parts(const ConvertedImage& image, const ChunkDict* dictionary, const std::vector<std::string>& prefetch,
                 std::vector<MetaFile>& metas);

/// Writes the layer that holds the bootstrap of `rafs`.
ImageResult write_image_layer(const Rafs& rafs, const std::vector<MetaFile>& metas, io::ByteSink& sink,
                              const EncodeContext& context);

}  // namespace accel::formats::nydus
