/// The image that holds the TOCs of an eStargz image converted with `external_toc`. Spec: estargz.md section 10.1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "accel/oci/manifest.hpp"

namespace accel::formats::estargz {

/// Names, on a layer of the TOC image, the eStargz layer whose TOC it is.
inline constexpr std::string_view kLayerDigestAnnotation = "containerd.io/snapshot/stargz/layer.digest";

/// One converted layer and where its TOC is stored.
struct ExternalToc {
  hash::Digest layer;   ///< of the eStargz layer blob
  oci::Descriptor toc;  ///< digest and size of LayerResult::side_blob
};

/// The config blob of every TOC image.
inline constexpr std::string_view kTocImageConfig = "{}";

/// The tag under which snapshotters look for the TOC image of `image_tag`, in the same repository.
std::string toc_image_tag(std::string_view image_tag);

/// The manifest of the TOC image of all layers of all platforms: one layer a TOC, sorted by digest, each layer once.
oci::Manifest make_toc_manifest(std::vector<ExternalToc> tocs);

/// The descriptor in a TOC image's manifest of the TOC that belongs to `layer`, or null.
const oci::Descriptor* find_toc(const oci::Manifest& toc_image, const hash::Digest& layer);

}  // namespace accel::formats::estargz
