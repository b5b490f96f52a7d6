#include "accel/convert/inspect.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/base/parallel.hpp"
#include "accel/convert/error_context.hpp"
#include "accel/convert/image.hpp"
#include "accel/convert/image_tree.hpp"
#include "accel/convert/layer_opener.hpp"
#include "accel/convert/opened_locations.hpp"
#include "accel/crypt/ocicrypt.hpp"
#include "accel/oci/media_type.hpp"

namespace accel::convert {

namespace {

constexpr std::size_t kParallelLayers = 4;  // small range requests: latency counts

void describe(formats::LayerSummary summary, InspectedLayer& inspected) {
  inspected.format = std::move(summary.format);
  inspected.entries = summary.entries;
  inspected.chunks = summary.chunks;
  inspected.uncompressed_size = summary.uncompressed_size;
  inspected.details = std::move(summary.details);
}

InspectedLayer inspect_layer(const oci::Descriptor& layer, const hash::Digest& diff_id, oci::Repository& repository,
                             LayerOpener& opener, const CancelToken& cancel) {
  InspectedLayer inspected;
  inspected.descriptor = layer;
  inspected.diff_id = diff_id.to_string();
  if (crypt::is_encrypted(layer.media_type)) {
    inspected.format = "encrypted";
    return inspected;
  }
  if (!oci::is_layer(layer.media_type)) {
    const auto reader = opener.open_converted(layer);
    if (reader) {
      describe(reader->summary(), inspected);
    } else {
      inspected.format = layer.media_type;
    }
    return inspected;
  }
  if (oci::is_foreign_layer(layer.media_type) && !layer.urls.empty() && !repository.has_blob(layer, cancel)) {
    inspected.format = "foreign (URLs only)";
    return inspected;
  }
  describe(opener.open(layer)->summary(), inspected);
  return inspected;
}

InspectedImage inspect_image(const ImageNode& node, oci::Repository& repository, LayerOpener& opener,
                             const CancelToken& cancel) {
  InspectedImage image;
  image.descriptor = node.descriptor;
  image.platform = node.platform.to_string();
  image.manifest_json = node.bytes;
  image.config_json = node.config_json;
  image.layers.resize(node.manifest.layers.size());
  with_context(image.platform, [&] {
    run_parallel(image.layers.size(), kParallelLayers, cancel, [&](std::size_t i, const CancelToken& token) {
      const oci::Descriptor& layer = node.manifest.layers[i];
      with_layer_context(layer.digest, [&] {
        image.layers[i] = inspect_layer(layer, node.config.diff_ids[i], repository, opener, token);
      });
    });
    // The image's own layer, which stands last, says what all of them are together.
    const bool readable = std::ranges::none_of(
        node.manifest.layers, [](const oci::Descriptor& layer) { return crypt::is_encrypted(layer.media_type); });
    if (!readable) return;
    if (const auto whole = opener.open_image(node.manifest.layers)) describe(whole->summary(), image.layers.back());
  });
  return image;
}

}  // namespace

InspectReport inspect(const std::string& location, const std::vector<oci::Platform>& platforms,
                      const Environment& environment) {
  const Location place = Location::parse(location);
  return with_image_context("inspect " + place.to_string(), [&] {
    const CancelToken& cancel = environment.cancel;
    OpenedLocations opened(environment);
    const OpenImage from = opened.open_source(place);
    const Image image = read_image(*from.repository, from.tag, platforms, cancel);
    JobState job{{}, Reporter(*environment.progress, from.reference)};
    LayerOpener opener(*from.repository, from.toc_image, environment.decode_limits, job, cancel);
    opener.use_backends(from.backends);
    InspectReport report;
    report.reference = from.reference;
    report.root = image.root.descriptor;
    report.root_json = image.root.bytes;
    for (const ImageNode* node : image.images()) {
      report.images.push_back(inspect_image(*node, *from.repository, opener, cancel));
    }
    return report;
  });
}

void list_files(const std::string& location, const oci::Platform& platform, const Environment& environment,
                const std::function<void(const std::string& path, const fs::Node& node)>& each) {
  const Location place = Location::parse(location);
  with_image_context("list files of " + place.to_string(), [&] {
    OpenedLocations opened(environment);
    const OpenImage from = opened.open_source(place);
    const Image image = read_image(*from.repository, from.tag, {platform}, environment.cancel);
    JobState job{{}, Reporter(*environment.progress, from.reference)};
    LayerOpener opener(*from.repository, from.toc_image, environment.decode_limits, job, environment.cancel);
    opener.use_backends(from.backends);
    TreeCounters counters;
    const fs::Tree tree =
        build_tree(*image.images().front(), {}, TreeSource::metadata, opener, 1, job, counters, environment.cancel);
    tree.walk([&](const std::string& path, const std::shared_ptr<const fs::Node>& node) { each(path, *node); });
  });
}

}  // namespace accel::convert
