/// Compares a chunked layer's tar stream with its TOC, entry by entry and chunk by chunk. Spec: estargz.md 8,
/// zstdchunked.md 4 and 5.
#pragma once

#include <functional>

#include "accel/base/cancel.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/jtoc/check.hpp"
#include "accel/formats/toc_assembler.hpp"
#include "accel/formats/unit_stream.hpp"
#include "accel/tar/reader.hpp"

namespace accel::formats {

struct WalkOptions {
  TocStyle style = TocStyle::stargz;
  /// eStargz with the TOC inside: the last entry of the stream is the TOC itself and no part of the layer.
  bool ends_with_toc = false;
  CancelToken cancel;
};

/// Reads `stream` (which passes on the bytes of `units`, maybe checking them) to its end and reports every entry that
/// no format added. `toc` has passed jtoc::check_toc.
/// Throws FormatError when an entry or its place differs from the TOC, or entries are missing on either side;
/// DigestMismatch for a chunk or file whose content is not what the TOC says.
void walk_layer(io::ByteStream& stream, UnitStream& units, const jtoc::Toc& toc, const WalkOptions& options,
                LayerVisitor& visitor);

/// Reports the entries of a TOC from the TOC alone; see LayerReader::list.
void list_toc(const jtoc::Toc& toc, LayerVisitor& visitor);

}  // namespace accel::formats
