/// Dictionary images: made of several images, so that others need not store chunks again that these have.
#pragma once

#include <vector>

#include "accel/convert/conversion.hpp"
#include "accel/convert/request.hpp"

namespace accel::convert {

/// Makes a dictionary of `sources` and stores it at `target`, as `make_dictionary` in converter.hpp says. The tag is
/// written last; on any failure or cancel it is untouched.
DictionaryReport make_dictionary_image(const DictionaryRequest& request, const std::vector<OpenImage>& sources,
                                       const OpenImage& target, const Environment& environment);

}  // namespace accel::convert
