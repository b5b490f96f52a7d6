/// blob.meta of a layer between the layer's own blob and the image's bootstrap layer, which needs it uncompressed.
/// Spec: nydus-blob.md 8.6.
#pragma once

#include <cstdint>
#include <memory>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/blob_meta.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/io/sink.hpp"
#include "accel/io/source.hpp"

namespace accel::formats::nydus {

/// Keeps the CI compressed, in memory or in a temporary file: that of a reference layer has 32 KiB for every 512 KiB of
/// the source layer, and those of all layers wait for the bootstrap layer.
struct StoredMeta {
  /// The CI in the compression that `compressor` says, never encrypted. Null for a layer without chunks of its own and
  /// for v5.
  std::shared_ptr<io::ByteSource> ci;
  Compressor compressor = Compressor::none;  ///< none or zstd; may differ from what the header says of the blob
  std::uint64_t ci_size = 0;                 ///< of the uncompressed CI
  Bytes header;                              ///< the CI header as plaintext, kMetaHeaderSize bytes

  [[nodiscard]] bool empty() const noexcept { return ci == nullptr; }
};

/// Size of the file `image/<digest>.blob.meta`.
std::uint64_t meta_file_size(const StoredMeta& meta);
/// Writes that file: the uncompressed CI, zeros to a multiple of 4096, the header. Throws FormatError when the CI does
/// not decompress to `ci_size` bytes.
void write_meta_file(const StoredMeta& meta, io::ByteSink& sink);

}  // namespace accel::formats::nydus
