/// eStargz as one entry of the list of formats.
#pragma once

#include "accel/formats/format.hpp"

namespace accel::formats::estargz {

FormatInfo format_info();

}  // namespace accel::formats::estargz
