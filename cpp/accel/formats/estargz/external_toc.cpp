#include "accel/formats/estargz/external_toc.hpp"

#include <algorithm>
#include <utility>

#include "accel/hash/hasher.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::formats::estargz {

std::string toc_image_tag(std::string_view image_tag) { return std::string(image_tag) + "-esgztoc"; }

oci::Manifest make_toc_manifest(std::vector<ExternalToc> tocs) {
  oci::Manifest manifest;
  manifest.media_type = oci::kOciManifest;
  manifest.config.media_type = oci::kOciConfig;
  manifest.config.digest = hash::sha256(as_bytes(kTocImageConfig));
  manifest.config.size = kTocImageConfig.size();

  std::sort(tocs.begin(), tocs.end(), [](const ExternalToc& a, const ExternalToc& b) {
    return std::pair(a.toc.digest.to_string(), a.layer.to_string()) <
           std::pair(b.toc.digest.to_string(), b.layer.to_string());
  });
  for (const ExternalToc& toc : tocs) {
    oci::Descriptor layer;
    layer.media_type = oci::kOciLayerGzip;
    layer.digest = toc.toc.digest;
    layer.size = toc.toc.size;
    layer.annotations.emplace(kLayerDigestAnnotation, toc.layer.to_string());
    if (manifest.layers.empty() || !(manifest.layers.back() == layer)) manifest.layers.push_back(std::move(layer));
  }
  return manifest;
}

const oci::Descriptor* find_toc(const oci::Manifest& toc_image, const hash::Digest& layer) {
  for (const oci::Descriptor& candidate : toc_image.layers) {
    const auto named = candidate.annotations.find(std::string(kLayerDigestAnnotation));
    if (named != candidate.annotations.end() && named->second == layer.to_string()) return &candidate;
  }
  return nullptr;
}

}  // namespace accel::formats::estargz
