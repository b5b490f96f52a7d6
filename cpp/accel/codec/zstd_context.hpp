/// A libzstd decompression context with our window limit. Internal to codec.
#pragma once

#include <zstd.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "accel/base/bytes.hpp"

namespace accel::codec {

struct FreeZstdContext {
  void operator()(ZSTD_DCtx* handle) const noexcept { ZSTD_freeDCtx(handle); }
  void operator()(ZSTD_CCtx* handle) const noexcept { ZSTD_freeCCtx(handle); }
};

using ZstdDecompressor = std::unique_ptr<ZSTD_DCtx, FreeZstdContext>;
using ZstdCompressor = std::unique_ptr<ZSTD_CCtx, FreeZstdContext>;

/// Windows above 128 MiB are refused: a frame's header alone makes the library allocate the window.
ZstdDecompressor make_zstd_decompressor();

/// The most bytes that `zstd_content_size` may need to see (RFC 8878 section 3.1.1.1: magic and frame header).
inline constexpr std::size_t kZstdHeaderMax = 18;

/// How many bytes a frame says it holds, from its first kZstdHeaderMax bytes (fewer at the end of the input). Nothing
/// when it does not say so, when it is a skippable frame, or when the header is cut: decoding that fails by itself.
std::optional<std::uint64_t> zstd_content_size(ByteView frame) noexcept;

}  // namespace accel::codec
