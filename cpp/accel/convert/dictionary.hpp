/// Images that a format's options name as a dictionary: chunks they hold need not be stored again.
#pragma once

#include <vector>

#include "accel/convert/conversion.hpp"
#include "accel/convert/tally.hpp"
#include "accel/formats/format.hpp"

namespace accel::convert {

/// Reads the own layer of `image` (formats::Format::dictionary_image names it) and gives it to `format`. Of an image
/// for several platforms, the first that is wanted, else the first. Throws FormatError when the image has no such
/// layer.
void load_dictionary(formats::Format& format, const OpenImage& image, const std::vector<oci::Platform>& platforms,
                     const Environment& environment, JobState& job);

}  // namespace accel::convert
