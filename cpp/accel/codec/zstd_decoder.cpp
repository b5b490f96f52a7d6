#include <zstd.h>
#include <zstd_errors.h>

#include <new>
#include <optional>
#include <string>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/codec/input_window.hpp"
#include "accel/codec/magic.hpp"
#include "accel/codec/output_meter.hpp"
#include "accel/codec/zstd.hpp"
#include "accel/codec/zstd_context.hpp"

namespace accel::codec {

namespace {

constexpr int kLargestWindowLog = 27;  // 128 MiB
constexpr std::size_t kMagicSize = 4;

[[noreturn]] void fail(const std::string& what, std::uint64_t offset, const char* hint = "") {
  throw FormatError("decompress zstd: " + what, FormatError::Where{.digest = {}, .path = {}, .offset = offset}, hint);
}

[[noreturn]] void fail_with(std::size_t code, std::uint64_t offset) {
  if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge) {
    fail("a frame asks for a window above 128 MiB", offset, "compress it without --ultra --long");
  }
  fail(ZSTD_getErrorName(code), offset);
}

/// The library would also read the formats before zstd 1.0; nothing writes them and they were never hardened.
void check_magic(ByteView bytes, std::uint64_t offset) {
  if (!is_zstd_magic(load_le<std::uint32_t>(bytes.data()))) fail("no zstd frame where one should start", offset);
}

/// Holds a frame to the size in its header: libzstd 1.5.4 compares the two unless the last block is empty.
class FrameMeter {
 public:
  void begin(ByteView header) noexcept {
    want_ = zstd_content_size(header);
    got_ = 0;
  }
  void add(std::size_t count) noexcept { got_ += count; }
  void end(std::uint64_t offset) const {
    if (want_ && got_ != *want_) {
      fail("a frame holds " + std::to_string(got_) + " bytes, its header says " + std::to_string(*want_), offset);
    }
  }

 private:
  std::optional<std::uint64_t> want_;
  std::uint64_t got_ = 0;
};

class ZstdDecoder final : public io::ByteStream {
 public:
  ZstdDecoder(io::ByteStream& compressed, const DecodeLimits& limits)
      : input_(compressed), meter_(limits), context_(make_zstd_decompressor()) {}

  std::size_t read(MutableByteView out) override {
    if (out.empty()) return 0;
    if (state_ == State::failed) fail("read after it failed", input_.offset());
    // Whatever throws leaves a stream that cannot come to a clean end any more.
    const State before = state_;
    state_ = State::failed;
    return run(before, out);
  }

 private:
  enum class State { frame_start, frame, ended, failed };

  std::size_t run(State state, MutableByteView out) {
    std::size_t produced = 0;
    while (produced == 0 && state != State::ended) {
      if (state == State::frame_start) {
        state = begin_frame() ? State::frame : State::ended;
        continue;
      }
      const bool more = input_.fill();
      const ByteView bytes = input_.unread();
      ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
      ZSTD_outBuffer target{out.data(), out.size(), 0};
      const std::size_t code = ZSTD_decompressStream(context_.get(), &target, &in);
      if (ZSTD_isError(code) != 0) fail_with(code, input_.offset());
      input_.consume(in.pos);
      produced = target.pos;
      frame_.add(produced);
      if (code == 0) {
        frame_.end(input_.offset());
        state = State::frame_start;
      } else if (produced == 0 && !more) {
        fail("it ends within a frame", input_.offset());
      }
    }
    meter_.add(produced, input_.offset());
    state_ = state;
    return produced;
  }

  /// False at the end of the stream.
  bool begin_frame() {
    static_cast<void>(input_.fill(kZstdHeaderMax));
    if (input_.unread().size() < kMagicSize) {
      if (first_) fail("it ends before the first frame", input_.offset() + input_.unread().size());
      if (input_.unread().empty()) return false;
      fail("bytes that are no frame follow the last one", input_.offset());
    }
    first_ = false;
    check_magic(input_.unread(), input_.offset());
    frame_.begin(input_.unread());
    return true;
  }

  InputWindow input_;
  OutputMeter meter_;
  ZstdDecompressor context_;
  FrameMeter frame_;
  State state_ = State::frame_start;
  bool first_ = true;
};

}  // namespace

ZstdDecompressor make_zstd_decompressor() {
  ZstdDecompressor context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  const std::size_t code = ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kLargestWindowLog);
  if (ZSTD_isError(code) != 0) throw Error(std::string("set zstd's window limit: ") + ZSTD_getErrorName(code));
  return context;
}

std::optional<std::uint64_t> zstd_content_size(ByteView frame) noexcept {
  if (frame.size() < kMagicSize || load_le<std::uint32_t>(frame.data()) != kZstdFrameMagic) return std::nullopt;
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return std::nullopt;
  return size;
}

std::unique_ptr<io::ByteStream> make_zstd_decoder(io::ByteStream& compressed, const DecodeLimits& limits) {
  return std::make_unique<ZstdDecoder>(compressed, limits);
}

void decode_zstd_units(ByteView input, MutableByteView out) {
  // A context is 160 KB; making one for each small chunk would cost more than decoding it.
  thread_local const ZstdDecompressor context = make_zstd_decompressor();
  // The frame of an earlier call may have been left in the middle.
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  ZSTD_inBuffer in{input.data(), input.size(), 0};
  ZSTD_outBuffer target{out.data(), out.size(), 0};
  FrameMeter frame;
  bool at_start = true;
  while (target.pos < target.size) {
    const std::size_t left = in.size - in.pos;
    if (at_start && left < kMagicSize) {
      fail("it holds " + std::to_string(target.pos) + " bytes, want " + std::to_string(out.size()), in.pos);
    }
    if (at_start) {
      check_magic(input.subspan(in.pos), in.pos);
      frame.begin(input.subspan(in.pos));
    }
    const std::size_t filled = target.pos;
    const std::size_t code = ZSTD_decompressStream(context.get(), &target, &in);
    if (ZSTD_isError(code) != 0) fail_with(code, in.pos);
    frame.add(target.pos - filled);
    at_start = code == 0;
    if (at_start) frame.end(in.pos);
    if (!at_start && left == 0 && target.pos == filled) {
      fail("it ends after " + std::to_string(target.pos) + " bytes of content, want " + std::to_string(out.size()),
           in.pos);
    }
  }
}

void decode_zstd_chunk(ByteView input, MutableByteView out) {
  thread_local const ZstdDecompressor context = make_zstd_decompressor();
  const std::size_t size = ZSTD_decompressDCtx(context.get(), out.data(), out.size(), input.data(), input.size());
  if (ZSTD_isError(size) != 0) fail_with(size, 0);
  if (size != out.size()) {
    fail("it holds " + std::to_string(size) + " bytes, want " + std::to_string(out.size()), input.size());
  }
}

}  // namespace accel::codec
