#include <isa-l/crc.h>
#include <libdeflate.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/codec/gzip.hpp"
#include "accel/codec/magic.hpp"

namespace accel::codec {

namespace {

constexpr std::size_t kHeaderSize = 10;
constexpr std::size_t kTrailerSize = 8;

struct FreeCompressor {
  void operator()(libdeflate_compressor* handle) const noexcept { libdeflate_free_compressor(handle); }
};

std::uint32_t crc32(ByteView bytes) noexcept {
  return crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

/// The ten bytes Go's compress/gzip writes at this level. Spec: estargz.md section 1.1.
std::array<std::byte, kHeaderSize> member_header(int level) {
  std::array<std::byte, kHeaderSize> header{};
  std::copy(kGzipMagic.begin(), kGzipMagic.end(), header.begin());
  header[8] = level == 9 ? std::byte{2} : level == 1 ? std::byte{4} : std::byte{0};  // XFL
  header[9] = std::byte{0xFF};                                                       // OS: unknown
  return header;
}

class GzipEncoder final : public UnitEncoder {
 public:
  explicit GzipEncoder(int level) : compressor_(libdeflate_alloc_compressor(level)), header_(member_header(level)) {
    if (!compressor_) throw std::bad_alloc();
  }

  void encode(ByteView input, Buffer& out) override {
    const std::size_t bound = libdeflate_deflate_compress_bound(compressor_.get(), input.size());
    const std::size_t begin = out.size();
    out.resize(begin + kHeaderSize + bound + kTrailerSize);
    std::byte* const body = out.data() + begin + kHeaderSize;
    const std::size_t size = libdeflate_deflate_compress(compressor_.get(), input.data(), input.size(), body, bound);
    if (size == 0) throw Error("compress gzip: libdeflate did not keep to the bound it gave");
    std::memcpy(out.data() + begin, header_.data(), kHeaderSize);
    store_le(body + size, crc32(input));
    store_le(body + size + 4, static_cast<std::uint32_t>(input.size()));  // modulo 2^32, as the format says
    out.resize(begin + kHeaderSize + size + kTrailerSize);
  }

 private:
  std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor_;
  std::array<std::byte, kHeaderSize> header_;
};

/// Text that compresses differently with nearly every change to an encoder.
Buffer probe_text() {
  Buffer text(std::size_t{32} << 10U);
  std::uint32_t state = 1;
  while (text.size() + 64 < text.capacity()) {
    state = state * 1664525U + 1013904223U;
    const std::string word = std::to_string(state >> (state & 15U) >> 12U) + (state >> 30U == 0 ? "\n" : " layer ");
    text.append(as_bytes(word));
  }
  return text;
}

}  // namespace

std::unique_ptr<UnitEncoder> make_gzip_encoder(int level) {
  if (level < 0 || level > 12) {
    throw ConfigError("gzip compression level is " + std::to_string(level) + ", want 0 to 12");
  }
  return std::make_unique<GzipEncoder>(level);
}

std::string gzip_encoder_version() {
  // libdeflate cannot be asked for its version at run time, and the shared library may be newer than the header this
  // was compiled with. So the version is followed by a checksum of what the library really writes.
  const Buffer text = probe_text();
  Buffer members;
  for (const int level : {1, 4, 6, 9, 12}) GzipEncoder(level).encode(text.view(), members);
  std::array<std::byte, 4> checksum;
  store_be(checksum.data(), crc32(members.view()));
  return "libdeflate-" LIBDEFLATE_VERSION_STRING "-" + hex_encode(checksum);
}

}  // namespace accel::codec
