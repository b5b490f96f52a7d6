#include "accel/codec/inflate.hpp"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <limits>

namespace accel::codec {

namespace {

/// The library counts in 32 bits.
constexpr std::size_t kMostPerCall = std::size_t{1} << 30U;

const char* error_text(int code) noexcept {
  switch (code) {
    case ISAL_INVALID_BLOCK:
      return "a deflate block has an invalid header";
    case ISAL_INVALID_SYMBOL:
      return "a deflate block has an invalid symbol";
    case ISAL_INVALID_LOOKBACK:
      return "a deflate block refers to bytes before the start";
    case ISAL_INCORRECT_CHECKSUM:
      return "checksum or length at the end of the member do not match its content";
    default:
      return "the deflate data is invalid";
  }
}

}  // namespace

Inflate::Inflate() : state_(std::make_unique_for_overwrite<inflate_state>()) {
  isal_inflate_init(state_.get());
  start_member();
}

Inflate::~Inflate() = default;

void Inflate::start_member() noexcept {
  isal_inflate_reset(state_.get());
  state_->crc_flag = ISAL_GZIP_NO_HDR_VER;
}

bool Inflate::member_done() const noexcept { return state_->block_state == ISAL_BLOCK_FINISH; }

Inflate::Step Inflate::run(ByteView input, MutableByteView out) noexcept {
  input = input.first(std::min(input.size(), kMostPerCall));
  out = out.first(std::min(out.size(), kMostPerCall));
  // The library takes a pointer to non-const and only reads.
  state_->next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(input.data()));
  state_->avail_in = static_cast<std::uint32_t>(input.size());
  state_->next_out = reinterpret_cast<std::uint8_t*>(out.data());
  state_->avail_out = static_cast<std::uint32_t>(out.size());
  const int code = isal_inflate(state_.get());
  return {.consumed = input.size() - state_->avail_in,
          .produced = out.size() - state_->avail_out,
          .error = code == ISAL_DECOMP_OK ? nullptr : error_text(code)};
}

}  // namespace accel::codec
