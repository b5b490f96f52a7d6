/// Nydus as one entry of the list of formats.
#pragma once

#include "accel/formats/format.hpp"

namespace accel::formats::nydus {

FormatInfo format_info();

}  // namespace accel::formats::nydus
