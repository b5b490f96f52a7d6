#include <zstd.h>

#include <new>
#include <string>

#include "accel/base/error.hpp"
#include "accel/codec/zstd.hpp"
#include "accel/codec/zstd_context.hpp"

namespace accel::codec {

namespace {

/// 8 MiB, the most that every decoder takes. Spec: zstdchunked.md section 1.2.
constexpr int kLargestWindowLog = 23;
/// From this level on the library's own choice is wider, up to 128 MiB; below it never is.
constexpr int kFirstWideLevel = 20;

class ZstdEncoder final : public UnitEncoder {
 public:
  ZstdEncoder(int level, bool checksum) : context_(ZSTD_createCCtx()) {
    if (!context_) throw std::bad_alloc();
    set(ZSTD_c_compressionLevel, level);
    set(ZSTD_c_contentSizeFlag, 1);
    set(ZSTD_c_checksumFlag, checksum ? 1 : 0);
    if (level >= kFirstWideLevel) set(ZSTD_c_windowLog, kLargestWindowLog);
  }

  void encode(ByteView input, Buffer& out) override {
    const std::size_t begin = out.size();
    const std::size_t bound = ZSTD_compressBound(input.size());
    out.resize(begin + bound);
    const std::size_t size = ZSTD_compress2(context_.get(), out.data() + begin, bound, input.data(), input.size());
    if (ZSTD_isError(size) != 0) throw Error(std::string("compress zstd: ") + ZSTD_getErrorName(size));
    out.resize(begin + size);
  }

 private:
  void set(ZSTD_cParameter parameter, int value) {
    const std::size_t code = ZSTD_CCtx_setParameter(context_.get(), parameter, value);
    if (ZSTD_isError(code) != 0) throw Error(std::string("set up zstd: ") + ZSTD_getErrorName(code));
  }

  ZstdCompressor context_;
};

}  // namespace

std::unique_ptr<UnitEncoder> make_zstd_encoder(int level) {
  if (level < 1 || level > 22) {
    throw ConfigError("zstd compression level is " + std::to_string(level) + ", want 1 to 22");
  }
  return std::make_unique<ZstdEncoder>(level, true);
}

std::unique_ptr<UnitEncoder> make_zstd_chunk_encoder(int level) { return std::make_unique<ZstdEncoder>(level, false); }

std::string zstd_encoder_version() { return std::string("libzstd-") + ZSTD_versionString(); }

}  // namespace accel::codec
