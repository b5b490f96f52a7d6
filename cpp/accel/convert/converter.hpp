/// The facade: one function a job. All block, may be called from several threads, and throw accel::Error.
#pragma once

#include "accel/convert/request.hpp"

namespace accel::convert {

/// Converts `request.source` into every wanted format in one pass over its layers. On any failure or cancel no tag
/// has been written and nothing temporary is left.
ConvertReport convert(const ConvertRequest& request, const Environment& environment);

/// Copies an image byte for byte between any two locations, verifying every blob.
CopyReport copy(const CopyRequest& request, const Environment& environment);

/// Compares two images as file trees and configs, each read with its own format's reader. See interfaces.md, `check`.
CheckReport check(const std::string& source, const std::string& target, const std::vector<oci::Platform>& platforms,
                  const Environment& environment);

}  // namespace accel::convert
