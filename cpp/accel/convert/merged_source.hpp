/// A source image inside an index that holds its converted counterpart as well. Spec: service.md 5, `merge_manifest`.
#pragma once

#include <string_view>

#include "accel/convert/assembler.hpp"
#include "accel/convert/image.hpp"

namespace accel::convert {

/// How the converted manifests of such an index are told from the source's.
inline constexpr std::string_view kMergedArtifactType = "application/vnd.nydus.image.manifest.v1+json";
inline constexpr std::string_view kMergedConfigType = "application/vnd.nydus.image.config.v1+json";

struct MergedSource {
  oci::Descriptor descriptor;  ///< for the index
  oci::RawManifest manifest;
  NewBlob config, empty_layer;
};

/// The manifest of `image` with an empty layer put first, so that snapshotters never share its layers with those of the
/// plain image. With `to_oci`, its Docker media types become OCI ones.
MergedSource merge_source(const ImageNode& image, bool to_oci);

}  // namespace accel::convert
