/// A codec for tests: units are visible in the output.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "accel/codec/codec.hpp"
#include "accel/formats/unit_encoder_pool.hpp"

namespace accel::formats::testing {

/// Encodes "abc" as "[abc]"; with `shrink`, a unit of n bytes as n / 10 times "z" instead.
class BracketEncoder final : public codec::UnitEncoder {
 public:
  explicit BracketEncoder(bool shrink = false, std::function<void(ByteView)> before = {})
      : shrink_(shrink), before_(std::move(before)) {}

  void encode(ByteView input, Buffer& out) override {
    if (before_) before_(input);
    if (shrink_) {
      out.append(as_bytes(std::string(input.size() / 10, 'z')));
      return;
    }
    out.append(as_bytes("["));
    out.append(input);
    out.append(as_bytes("]"));
  }

 private:
  const bool shrink_;
  const std::function<void(ByteView)> before_;
};

inline std::shared_ptr<UnitEncoderPool> bracket_encoders(bool shrink = false,
                                                         std::function<void(ByteView)> before = {}) {
  return std::make_shared<UnitEncoderPool>([=] { return std::make_unique<BracketEncoder>(shrink, before); });
}

}  // namespace accel::formats::testing
