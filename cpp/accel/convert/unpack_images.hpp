/// Images of formats whose layers are no tars, turned back into ordinary ones.
#pragma once

#include "accel/convert/conversion.hpp"
#include "accel/convert/request.hpp"

namespace accel::convert {

/// Unpacks `source` into `target`, as `unpack` in converter.hpp says. The tag is written last; on any failure or cancel
/// it is untouched.
ConvertReport unpack_images(const UnpackRequest& request, const OpenImage& source, const OpenImage& target,
                            const Environment& environment);

}  // namespace accel::convert
