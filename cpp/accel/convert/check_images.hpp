/// Compares two stored images as file trees and configs. See interfaces.md, `check`.
#pragma once

#include <vector>

#include "accel/convert/conversion.hpp"
#include "accel/convert/request.hpp"
#include "accel/convert/tally.hpp"
#include "accel/oci/platform.hpp"

namespace accel::convert {

/// Compares the images of `source` and `target` platform by platform (two single images are a pair whatever their
/// platforms), as `check` in converter.hpp says. Throws ConfigError when they have no platform in common: a check that
/// compared nothing must not look like success.
CheckReport check_images(const OpenImage& source, const OpenImage& target, const std::vector<oci::Platform>& platforms,
                         const Environment& environment, JobState& job);

}  // namespace accel::convert
