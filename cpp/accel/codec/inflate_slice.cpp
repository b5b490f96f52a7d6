#include "accel/codec/inflate_slice.hpp"

#include <zlib.h>

#include <limits>
#include <new>
#include <string>

#include "accel/base/error.hpp"
#include "accel/codec/gzip_header.hpp"

namespace accel::codec {

namespace {

constexpr int kRawDeflate = -15;
constexpr std::size_t kMaxWindow = std::size_t{32} << 10U;
constexpr std::size_t kTrailerSize = 8;

[[noreturn]] void fail(const std::string& what, std::size_t offset) {
  throw FormatError("decompress a piece of a gzip stream: " + what,
                    FormatError::Where{.digest = {}, .path = {}, .offset = offset});
}

class RawInflater {
 public:
  explicit RawInflater(const GzipSlice& slice) {
    // Whatever throws must do so before zlib has something to give back.
    if (slice.bits > 7) fail("it begins with more than 7 bits", 0);
    if (slice.window.size() > kMaxWindow) fail("its window is larger than 32 KiB", 0);
    if (inflateInit2(&stream_, kRawDeflate) != Z_OK) throw std::bad_alloc();
    if (slice.bits != 0) inflatePrime(&stream_, slice.bits, slice.byte >> (8U - slice.bits));
    if (slice.window.empty()) return;
    inflateSetDictionary(&stream_, reinterpret_cast<const Bytef*>(slice.window.data()),
                         static_cast<uInt>(slice.window.size()));
  }
  RawInflater(const RawInflater&) = delete;
  RawInflater& operator=(const RawInflater&) = delete;
  ~RawInflater() { inflateEnd(&stream_); }

  struct Step {
    std::size_t consumed, produced;
    bool member_done;
  };

  Step run(ByteView input, MutableByteView out, std::size_t offset) {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    // zlib does not write to its input, but its interface does not say so.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream_.avail_in = static_cast<uInt>(std::min(input.size(), kMost));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), kMost));
    const uInt in_before = stream_.avail_in;
    const uInt out_before = stream_.avail_out;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      fail(stream_.msg != nullptr ? stream_.msg : "it is bad", offset);
    }
    return {in_before - stream_.avail_in, out_before - stream_.avail_out, code == Z_STREAM_END};
  }

  void start_member() { inflateReset2(&stream_, kRawDeflate); }

 private:
  z_stream stream_{};
};

}  // namespace

void inflate_slice(const GzipSlice& slice, MutableByteView out) {
  RawInflater inflater(slice);
  std::size_t at = 0;
  std::size_t filled = 0;
  while (filled < out.size()) {
    const RawInflater::Step step = inflater.run(slice.input.subspan(at), out.subspan(filled), at);
    at += step.consumed;
    filled += step.produced;
    if (filled == out.size()) return;
    if (step.member_done) {
      if (slice.input.size() - at < kTrailerSize) fail("it ends within the end of a member", at);
      at += kTrailerSize;
      GzipHeaderParser header(at);
      at += header.feed(slice.input.subspan(at));
      if (!header.done()) fail("it ends within the header of a member", at);
      inflater.start_member();
    } else if (step.consumed == 0 && step.produced == 0) {
      fail("it ends after " + std::to_string(filled) + " bytes of content, want " + std::to_string(out.size()), at);
    }
  }
}

}  // namespace accel::codec
