/// A libzstd decompression context with our window limit. Internal to codec.
#pragma once

#include <zstd.h>

#include <memory>

namespace accel::codec {

struct FreeZstdContext {
  void operator()(ZSTD_DCtx* handle) const noexcept { ZSTD_freeDCtx(handle); }
  void operator()(ZSTD_CCtx* handle) const noexcept { ZSTD_freeCCtx(handle); }
};

using ZstdDecompressor = std::unique_ptr<ZSTD_DCtx, FreeZstdContext>;
using ZstdCompressor = std::unique_ptr<ZSTD_CCtx, FreeZstdContext>;

/// Windows above 128 MiB are refused: a frame's header alone makes the library allocate the window.
ZstdDecompressor make_zstd_decompressor();

}  // namespace accel::codec
