#include <zstd.h>

#include <new>
#include <string>

#include "accel/base/error.hpp"
#include "accel/codec/chunk_codec.hpp"
#include "accel/codec/zstd.hpp"
#include "accel/codec/zstd_context.hpp"

namespace accel::codec {

namespace {

/// 8 MiB, the most that every decoder takes. Spec: zstdchunked.md section 1.2.
constexpr int kLargestWindowLog = 23;
/// Level 3 searches inputs above 256 KiB with tables that do not fit into the cores' first caches. Half the size takes
/// 7 % less time for 0.4 % more bytes (1 MiB of libraries). The same for units and for chunks, so that one can be made
/// of the other (`append_chunk`).
constexpr int kSwiftLevel = 3;
constexpr std::size_t kSwiftFrom = (std::size_t{256} << 10U) + 1;
constexpr int kSwiftTableLog = 16;
constexpr int kLibrarysChoice = 0;
/// From this level on the library's own choice is wider, up to 128 MiB; below it never is.
constexpr int kFirstWideLevel = 20;

class ZstdEncoder final : public UnitEncoder {
 public:
  ZstdEncoder(int level, bool checksum) : context_(ZSTD_createCCtx()), can_be_swift_(level == kSwiftLevel) {
    if (!context_) throw std::bad_alloc();
    set(ZSTD_c_compressionLevel, level);
    set(ZSTD_c_contentSizeFlag, 1);
    set(ZSTD_c_checksumFlag, checksum ? 1 : 0);
    if (level >= kFirstWideLevel) set(ZSTD_c_windowLog, kLargestWindowLog);
  }

  void encode(ByteView input, Buffer& out) override {
    if (can_be_swift_) set_table_log(input.size() >= kSwiftFrom ? kSwiftTableLog : kLibrarysChoice);
    const std::size_t begin = out.size();
    const std::size_t bound = ZSTD_compressBound(input.size());
    out.resize(begin + bound);
    const std::size_t size = ZSTD_compress2(context_.get(), out.data() + begin, bound, input.data(), input.size());
    if (ZSTD_isError(size) != 0) throw Error(std::string("compress zstd: ") + ZSTD_getErrorName(size));
    out.resize(begin + size);
  }

 private:
  void set_table_log(int log) {
    if (log == table_log_) return;
    set(ZSTD_c_hashLog, log);
    set(ZSTD_c_chainLog, log);
    table_log_ = log;
  }

  void set(ZSTD_cParameter parameter, int value) {
    const std::size_t code = ZSTD_CCtx_setParameter(context_.get(), parameter, value);
    if (ZSTD_isError(code) != 0) throw Error(std::string("set up zstd: ") + ZSTD_getErrorName(code));
  }

  ZstdCompressor context_;
  const bool can_be_swift_;
  int table_log_ = kLibrarysChoice;
};

}  // namespace

std::unique_ptr<UnitEncoder> make_zstd_encoder(int level) {
  if (level < 1 || level > 22) {
    throw ConfigError("zstd compression level is " + std::to_string(level) + ", want 1 to 22");
  }
  return std::make_unique<ZstdEncoder>(level, true);
}

std::unique_ptr<UnitEncoder> make_zstd_chunk_encoder(int level) { return std::make_unique<ZstdEncoder>(level, false); }

void append_chunk(ByteView zstd_unit, Buffer& out) {
  // RFC 8878 section 3.1.1.1: the descriptor follows the magic number, and its third bit says that the frame ends with
  // four bytes of checksum.
  constexpr std::size_t kDescriptor = 4;
  constexpr std::size_t kChecksumSize = 4;
  constexpr std::byte kChecksumFlag{1U << 2U};
  if (zstd_unit.size() <= kDescriptor + kChecksumSize || (zstd_unit[kDescriptor] & kChecksumFlag) == std::byte{0}) {
    throw Error("a zstd unit has no checksum");
  }
  const std::size_t begin = out.size();
  out.append(zstd_unit.first(zstd_unit.size() - kChecksumSize));
  out.data()[begin + kDescriptor] &= ~kChecksumFlag;
}

std::string zstd_encoder_version() { return std::string("libzstd-") + ZSTD_versionString(); }

}  // namespace accel::codec
