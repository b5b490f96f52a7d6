// Our inflater against zlib: both make the same of any bytes, however input and room are cut.
//
// Input: two bytes, how input and room are cut; then deflate data.
#include <memory>

#include "accel/codec/deflate_inflater.hpp"
#include "codec/zlib_reference.hpp"
#include "decode_check.hpp"
#include "guarded_memory.hpp"

namespace {

using namespace accel;
using Stop = codec::DeflateInflater::Stop;

constexpr std::size_t kLimit = 1 << 17;

codec::Inflated inflate_in_pieces(codec::DeflateInflater& inflater, const fuzz::GuardedMemory& input_memory,
                                  const fuzz::GuardedMemory& output_memory, std::string_view input,
                                  std::size_t piece_size, std::size_t room_size) {
  codec::Inflated result;
  inflater.start();
  std::size_t at = 0;
  const MutableByteView room = output_memory.back(room_size);
  std::size_t filled = 0;
  for (;;) {
    const std::string_view piece = input.substr(at, piece_size);
    const MutableByteView guarded = input_memory.back(piece.size());
    std::ranges::copy(as_bytes(piece), guarded.begin());
    const auto step = inflater.run(guarded, room, filled);
    fuzz::require(step.consumed <= piece.size() && step.produced <= room.size() - filled);
    result.content += as_text(ByteView(room).subspan(filled, step.produced));
    at += step.consumed;
    filled += step.produced;
    if (step.stop == Stop::error) {
      result.outcome = codec::Inflated::Outcome::refused;
      return result;
    }
    if (step.stop == Stop::end) {
      result.outcome = codec::Inflated::Outcome::complete;
      result.consumed = at - inflater.unused_bytes();
      return result;
    }
    if (result.content.size() > kLimit || (step.stop == Stop::input && at == input.size())) return result;
    if (step.stop == Stop::output) {
      fuzz::require(filled == room.size());
      inflater.keep_window(room);
      filled = 0;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::GuardedMemory input_memory(1 << 20);
  static const fuzz::GuardedMemory output_memory(1 << 20);
  static const auto inflater = std::make_unique<codec::DeflateInflater>();
  if (size < 2 || size > input_memory.capacity()) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const codec::Inflated want = codec::zlib_raw(input, kLimit);
  if (want.content.size() == kLimit) return 0;
  const std::size_t piece = data[0] < 128 ? data[0] + std::size_t{1} : std::size_t{data[0]} * 512;
  const std::size_t room = data[1] < 128 ? data[1] + std::size_t{1} : std::size_t{data[1]} * 1024;
  const codec::Inflated got = inflate_in_pieces(*inflater, input_memory, output_memory, input, piece, room);
  using Outcome = codec::Inflated::Outcome;
  // zlib takes a code for code lengths without any code in it, and only misses the end of the block later.
  if (got.outcome == Outcome::refused) {
    fuzz::require(want.outcome != Outcome::complete);
    return 0;
  }
  fuzz::require(got.outcome == want.outcome);
  fuzz::require(got.content == want.content && got.consumed == want.consumed);
  return 0;
}
