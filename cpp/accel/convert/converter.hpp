/// The facade: one function a job. All block, may be called from several threads, and throw accel::Error.
#pragma once

#include "accel/convert/request.hpp"

namespace accel::convert {

/// Converts `request.source` into every wanted format in one pass over its layers. On any failure or cancel no tag
/// has been written and nothing temporary is left.
ConvertReport convert(const ConvertRequest& request, const Environment& environment);

/// Copies an image byte for byte between any two locations, verifying every blob.
CopyReport copy(const CopyRequest& request, const Environment& environment);

/// Turns an image of a format whose layers are no tars (nydus) back into an ordinary OCI image: one layer for each of
/// the source image's where they can be told apart, else one for all; images of an index that need none of that stay as
/// they are. The report has one target. Throws ConfigError when there is nothing to unpack, UnsupportedError for
/// encrypted layers.
ConvertReport unpack(const UnpackRequest& request, const Environment& environment);

/// Makes a dictionary of several images: one whose chunks others need not store again. Images of the driver's format go
/// in as they are, ordinary ones are converted first, into the target's repository. Throws ConfigError for images that
/// do not fit together.
DictionaryReport make_dictionary(const DictionaryRequest& request, const Environment& environment);

/// Compares two images as file trees and configs, each read with its own format's reader. See interfaces.md, `check`.
CheckReport check(const std::string& source, const std::string& target, const std::vector<oci::Platform>& platforms,
                  const Environment& environment);

}  // namespace accel::convert
