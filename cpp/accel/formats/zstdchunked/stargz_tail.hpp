/// The end of an S-dialect layer: TOC and footer in skippable frames. Spec: zstdchunked.md section 2.
#pragma once

#include <memory>

#include "accel/formats/estargz/toc_tail.hpp"

namespace accel::formats::zstdchunked {

std::unique_ptr<estargz::TocTail> make_stargz_tail();

}  // namespace accel::formats::zstdchunked
