#include <isa-l/crc.h>
#include <libdeflate.h>

#include <memory>
#include <new>
#include <string>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/codec/gzip.hpp"
#include "accel/codec/gzip_header.hpp"
#include "accel/codec/inflate.hpp"

namespace accel::codec {

namespace {

constexpr std::size_t kTrailerSize = 8;  // CRC-32 and length

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* handle) const noexcept { libdeflate_free_decompressor(handle); }
};

[[noreturn]] void fail(const std::string& what, std::size_t offset) {
  throw FormatError("decompress a gzip member: " + what,
                    FormatError::Where{.digest = {}, .path = {}, .offset = offset});
}

/// The fast way: libdeflate needs the whole member and the exact size, which is what `body` and `out` are when the
/// last four bytes say so. False, with `out` undefined, when they turn out to be something else.
bool decode_exact(ByteView body, MutableByteView out) {
  if (body.size() < kTrailerSize) return false;
  const std::byte* const trailer = body.data() + body.size() - kTrailerSize;
  if (load_le<std::uint32_t>(trailer + 4) != out.size()) return false;
  // 32 KB of tables, and making them anew for each small chunk would show.
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (!decompressor) throw std::bad_alloc();
  std::size_t used = 0;
  // A null last argument asks for exactly out.size() bytes.
  if (libdeflate_deflate_decompress_ex(decompressor.get(), body.data(), body.size() - kTrailerSize, out.data(),
                                       out.size(), &used, nullptr) != LIBDEFLATE_SUCCESS) {
    return false;
  }
  if (used != body.size() - kTrailerSize) return false;
  const auto* const content = reinterpret_cast<const unsigned char*>(out.data());
  return crc32_gzip_refl(0, content, out.size()) == load_le<std::uint32_t>(trailer);
}

}  // namespace

void decode_gzip_chunk(ByteView input, MutableByteView out) {
  GzipHeaderParser header(0);
  const std::size_t begin = header.feed(input);
  if (!header.done() || !decode_exact(input.subspan(begin), out)) {
    fail("it is damaged, or does not hold " + std::to_string(out.size()) + " bytes", begin);
  }
}

void decode_gzip_units(ByteView input, MutableByteView out) {
  thread_local Inflate inflate;
  std::size_t next = 0;
  std::size_t filled = 0;
  while (filled < out.size()) {
    if (next == input.size() && next > 0) {
      fail("it holds " + std::to_string(filled) + " bytes, want " + std::to_string(out.size()), next);
    }
    GzipHeaderParser header(next);
    next += header.feed(input.subspan(next));
    if (!header.done()) fail("it ends within the header", next);
    if (filled == 0 && decode_exact(input.subspan(next), out)) return;
    inflate.start_member();
    while (filled < out.size() && !inflate.member_done()) {
      const Inflate::Step step = inflate.run(input.subspan(next), out.subspan(filled));
      next += step.consumed;
      filled += step.produced;
      if (step.error != nullptr) fail(step.error, next);
      if (step.consumed == 0 && step.produced == 0 && !inflate.member_done()) {
        fail("it ends after " + std::to_string(filled) + " bytes of content, want " + std::to_string(out.size()), next);
      }
    }
  }
}

}  // namespace accel::codec
