/// Compression as the rest of the code sees it: kinds, detection, decoding streams, and encoders of single units
/// (one gzip member, one zstd frame). Library handles stay inside this module.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "accel/base/bytes.hpp"
#include "accel/io/source.hpp"

namespace accel::codec {

enum class Compression : std::uint8_t { none, gzip, zstd };

/// "none", "gzip", "zstd".
std::string_view to_string(Compression compression) noexcept;
/// The compression of that name. Throws ConfigError naming all there are.
Compression parse_compression(std::string_view name);

/// Finds the compression by magic bytes: gzip 1f 8b 08, zstd frame 28 b5 2f fd or skippable 50..5f 2a 4d 18.
/// `head` are the first bytes of the blob (4 are enough); anything else is `none`.
Compression detect(ByteView head) noexcept;

/// What a decoder lets a hostile stream do.
struct DecodeLimits {
  /// Most decompressed bytes per compressed byte, looked at only beyond `ratio_free_bytes` of output.
  std::uint64_t max_ratio = 1100;  // deflate cannot exceed 1032; zstd of zeros can, and is what this stops
  std::uint64_t ratio_free_bytes = 64ULL << 20U;
  /// Most decompressed bytes of one blob.
  std::uint64_t max_bytes = 256ULL << 30U;
};

/// A stream of the decompressed bytes of `compressed`, which must outlive it.
/// gzip: any number of members, any header fields; zero padding after the last member is accepted, other trailing
/// bytes are not. zstd: any number of frames, skippable frames skipped, window up to 128 MiB.
/// Throws FormatError (offset = in the compressed stream) on bad or truncated data and beyond `limits`.
std::unique_ptr<io::ByteStream> make_decoder(Compression compression, io::ByteStream& compressed,
                                             const DecodeLimits& limits = {});

/// Makes independent units of compressed data, each decodable alone. Not thread-safe: one per worker thread, re-used.
class UnitEncoder {
 public:
  virtual ~UnitEncoder() = default;
  /// Appends one gzip member or zstd frame holding `input` (which may be empty) to `out`, which gets room for the
  /// worst case: a little more than `input.size()`. After an exception its content is undefined.
  /// The bytes depend on input, kind, level and the version of the library only.
  virtual void encode(ByteView input, Buffer& out) = 0;
};

/// A gzip member encoder (RFC 1952, header as in estargz.md 1.1). Level 0 stores; 1–12 as libdeflate.
std::unique_ptr<UnitEncoder> make_gzip_encoder(int level);
/// A zstd frame encoder with content size and checksum in each frame. Level 1–22; window at most 8 MiB.
std::unique_ptr<UnitEncoder> make_zstd_encoder(int level);

/// Decodes the unit (a gzip member or a zstd frame) that starts at `input[0]`, writing exactly `out.size()` bytes
/// from its front. The unit may hold more; when it holds fewer, the next unit in `input` goes on, as writers may split
/// units where they like (estargz.md section 1). Used by readers that fetch single chunks.
/// Throws FormatError (offset = in `input`) when a unit is bad or `input` holds fewer bytes. Thread-safe.
void decode_unit(Compression compression, ByteView input, MutableByteView out);

/// What the bytes we write depend on besides input and level, for cache keys: "libdeflate-1.14-5f3a90cd",
/// "libzstd-1.5.4", "none". Where a library cannot be asked for its version, a checksum of what it writes follows.
std::string encoder_version(Compression compression);

}  // namespace accel::codec
