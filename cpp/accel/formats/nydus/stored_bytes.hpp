/// How bytes of a blob become content: decryption and decompression of single items. Spec: nydus-blob.md 5.2, 7.
#pragma once

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"

namespace accel::formats::nydus {

/// Decrypts one item of `blob` (a chunk, a batch, the chunk information or its header) when the blob is encrypted; may
/// make it shorter. Throws FormatError for an item that cannot be decrypted.
void decrypt_item(const Blob& blob, Buffer& item);

/// Decompresses all of `item` into exactly `out.size()` bytes. Throws FormatError.
void decompress_item(Compressor compressor, ByteView item, MutableByteView out);

}  // namespace accel::formats::nydus
