/// Watches what a decoder produces and stops decompression bombs. Internal to codec.
#pragma once

#include <cstdint>

#include "accel/codec/codec.hpp"

namespace accel::codec {

class OutputMeter {
 public:
  explicit OutputMeter(const DecodeLimits& limits) : limits_(limits) {}

  /// Accounts for `produced` more bytes, of which all came from the first `consumed` compressed ones.
  /// Throws FormatError beyond the limits.
  void add(std::uint64_t produced, std::uint64_t consumed);

 private:
  DecodeLimits limits_;
  std::uint64_t total_ = 0;
};

}  // namespace accel::codec
