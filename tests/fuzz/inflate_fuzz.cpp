// The body of a gzip member alone. The checksum at the end of a member stops nearly every input of gzip_fuzz; readers
// of single chunks do not get that far, so here the deflate data is reached by every input.
//
// Input: two bytes, how many bytes of content are asked for; then deflate data.
#include <algorithm>
#include <array>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "decode_check.hpp"
#include "guarded_memory.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace accel;
  static const fuzz::GuardedMemory input(1 << 20);
  static const fuzz::GuardedMemory output(1 << 20);
  constexpr std::array<std::uint8_t, 10> kHeader{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF};
  if (size < 2 || size - 2 + kHeader.size() > input.capacity()) return 0;

  const auto wanted = load_le<std::uint16_t>(reinterpret_cast<const std::byte*>(data));
  const MutableByteView member = input.back(kHeader.size() + size - 2);
  std::ranges::copy(std::as_bytes(std::span(kHeader)), member.begin());
  std::ranges::copy(std::as_bytes(std::span(data, size)).subspan(2), member.begin() + kHeader.size());

  std::array<bool, 2> decoded{};
  std::array<Bytes, 2> content;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const MutableByteView out = i == 0 ? output.back(wanted) : output.front(wanted);
    try {
      codec::decode_unit(codec::Compression::gzip, member, out);
      decoded[i] = true;
      content[i] = to_bytes(out);
    } catch (const FormatError&) {
    }
  }
  fuzz::require(decoded[0] == decoded[1] && content[0] == content[1]);
  return 0;
}
