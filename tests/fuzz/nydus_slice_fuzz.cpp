// Pieces of gzip streams: any bytes give content or a FormatError, and what is decoded does not depend on how much is
// asked for.
//
//     u8 bits · u8 byte · u16 window · u32 output · window · input
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/codec/inflate_slice.hpp"

namespace {

using namespace accel;

constexpr std::size_t kHead = 8;
constexpr std::uint32_t kMaxOutput = 1U << 18U;

std::optional<Bytes> decode(const codec::GzipSlice& slice, std::size_t size) {
  Bytes out(size);
  try {
    codec::inflate_slice(slice, out);
    return out;
  } catch (const FormatError&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHead) return 0;
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  codec::GzipSlice slice;
  slice.bits = data[0];
  slice.byte = data[1];
  const std::size_t window = std::min<std::size_t>(load_le<std::uint16_t>(input.data() + 2), size - kHead);
  slice.window = input.subspan(kHead, window);
  slice.input = input.subspan(kHead + window);
  const std::uint32_t wanted = load_le<std::uint32_t>(input.data() + 4) % kMaxOutput;
  const std::optional<Bytes> whole = decode(slice, wanted);
  if (!whole || wanted == 0) return 0;
  const std::optional<Bytes> half = decode(slice, wanted / 2);
  if (!half || !std::equal(half->begin(), half->end(), whole->begin())) std::abort();
  return 0;
}
