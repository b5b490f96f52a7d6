/// Looks into an image: documents, layers with their formats, and the merged tree.
#pragma once

#include <functional>

#include "accel/convert/request.hpp"
#include "accel/fs/tree.hpp"
#include "accel/oci/config.hpp"
#include "accel/oci/manifest.hpp"

namespace accel::convert {

struct InspectedLayer {
  oci::Descriptor descriptor;
  std::string diff_id;
  std::string format;                                            ///< LayerSummary::format
  std::uint64_t entries = 0, chunks = 0, uncompressed_size = 0;  ///< 0 when a pass over the data would be needed
  std::vector<std::pair<std::string, std::string>> details;
};

struct InspectedImage {
  oci::Descriptor descriptor;  ///< of the manifest
  std::string platform;
  std::string manifest_json, config_json;
  std::vector<InspectedLayer> layers;
};

struct InspectReport {
  std::string reference;
  oci::Descriptor root;  ///< the index or manifest the location names
  std::string root_json;
  std::vector<InspectedImage> images;  ///< one per platform; attestations left out
};

/// Reads documents and layer metadata, not layer data.
InspectReport inspect(const std::string& location, const std::vector<oci::Platform>& platforms,
                      const Environment& environment);

/// The merged tree of one platform's image (the first match), with content digests where the format's metadata has
/// them; plain layers are read whole. Calls `each` in path order.
void list_files(const std::string& location, const oci::Platform& platform, const Environment& environment,
                const std::function<void(const std::string& path, const fs::Node& node)>& each);

}  // namespace accel::convert
