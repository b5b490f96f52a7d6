/// One conversion from open repositories to open repositories: what `convert` does once locations are resolved.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "accel/convert/backends.hpp"
#include "accel/convert/layer_opener.hpp"
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

/// Puts times and bytes of a job into its report.
void fill_counters(ConvertReport& report, const Tally& tally, std::chrono::steady_clock::duration total);

}  // namespace accel::convert
