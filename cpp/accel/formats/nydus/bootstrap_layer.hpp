/// The layer of a Nydus image that holds its bootstrap: a gzip tar with `image/image.boot` and, for version 6, one
/// `image/<digest>.blob.meta` for each layer with data. Spec: service.md 5, nydus-blob.md 8.6, 16.3.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/base/cancel.hpp"
#include "accel/formats/compressed_tar.hpp"
#include "accel/formats/format.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/stored_meta.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::nydus {

/// The blob.meta of one layer.
struct MetaFile {
  std::string blob_hex;              ///< hex digest of the layer's RAFS blob
  const StoredMeta* meta = nullptr;  ///< outlives the call; empty ones are left out
};

/// Writes the layer to `sink`. A digest that occurs several times in `metas` gets one file. The bytes depend on content
/// only: owners and times are 0, and the gzip members have fixed sizes.
CompressedTar::Content write_bootstrap_layer(ByteView bootstrap, const std::vector<MetaFile>& metas, io::ByteSink& sink,
                                             const EncodeContext& context);

/// Called for each blob.meta file of a bootstrap layer, in its order, with its size and a stream of its content, which
/// may be left unread. Layers by other writers may hold one digest several times.
using MetaVisitor = std::function<void(std::string_view blob_hex, std::uint64_t size, io::ByteStream& content)>;

/// Reads the decompressed tar of a bootstrap layer to its end and returns the bootstrap. Other files are passed over.
/// Throws FormatError when there is none, or two, or one larger than `limits.max_bytes`; what tar::Reader throws.
Buffer read_bootstrap_layer(io::ByteStream& tar, const MetaVisitor& on_meta = {}, const BootstrapLimits& limits = {},
                            const CancelToken& cancel = {});

}  // namespace accel::formats::nydus
