/// One conversion from open repositories to open repositories: what `convert` does once locations are resolved.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "accel/convert/backends.hpp"
#include "accel/convert/layer_opener.hpp"
#include "accel/convert/layer_pipeline.hpp"
#include "accel/convert/planner.hpp"
#include "accel/convert/request.hpp"
#include "accel/convert/tally.hpp"
#include "accel/formats/format.hpp"
#include "accel/oci/repository.hpp"

namespace accel::convert {

/// An image in an open repository.
struct OpenImage {
  std::shared_ptr<oci::Repository> repository;
  std::string tag;                               ///< tag or digest to ask for; of a target: the tag to write
  std::string reference;                         ///< the location in words
  std::string toc_image;                         ///< see toc_image_of; "" when unknown
  std::shared_ptr<Backends> backends = nullptr;  ///< hold blobs that are not in the repository; or null
  bool is_result = false;  ///< for check_images: written a moment ago, so that wrong bytes are this program's fault
  bool as_tars = false;    ///< for check_images, of a source: read layers as the tars they are, whatever they claim
};

/// Opens another image that options name (formats::Format::dictionary_image).
using ImageOpener = std::function<OpenImage(const std::string& location)>;

/// Converts `source` into `targets` (one for each of `request.targets`, whose repository may be null in a dry run), as
/// `convert` in converter.hpp says. `cache` is the place of `request.cache`, null when there is none.
ConvertReport convert_image(const ConvertRequest& request, const OpenImage& source,
                            const std::vector<OpenImage>& targets, const Environment& environment,
                            const ImageOpener& open, const OpenImage* cache = nullptr);

/// The formats of `request.targets` with their options. Throws ConfigError naming the option.
std::vector<std::shared_ptr<formats::Format>> make_formats(const ConvertRequest& request);

/// Layers that were converted before, by source layer.
using ConvertedLayers = std::map<LayerKey, ConvertedLayer>;

/// Converts the layers of the images of `source` for the only target of `request` and stores them at `target`, and
/// nothing else: no documents and no own layer of an image. Layers in `done` are not converted again, and those that
/// are come to it. Calls `each` for every image, in order. The report has counters only.
ConvertReport convert_layers_only(const ConvertRequest& request, const OpenImage& source, const OpenImage& target,
                                  const Environment& environment, ConvertedLayers& done,
                                  const std::function<void(const formats::ConvertedImage& image)>& each);

/// Puts times and bytes of a job into its report.
void fill_counters(ConvertReport& report, const Tally& tally, std::chrono::steady_clock::duration total);

}  // namespace accel::convert
