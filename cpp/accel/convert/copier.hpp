/// Copies a stored image byte for byte.
#pragma once

#include "accel/convert/conversion.hpp"
#include "accel/convert/request.hpp"

namespace accel::convert {

/// Copies the image of `source` to `target`, as `copy` in converter.hpp says: every document under its digest, every
/// blob verified, the tag last. Blobs that the target has, or that can be mounted, are not sent. Foreign layers that
/// the source holds only URLs for stay URLs. An index of which a single platform is wanted is copied as that manifest,
/// of which several are, as an index of these.
CopyReport copy_image(const CopyRequest& request, const OpenImage& source, const OpenImage& target,
                      const Environment& environment);

}  // namespace accel::convert
