#include "accel/codec/output_meter.hpp"

#include <algorithm>
#include <string>

#include "accel/base/error.hpp"

namespace accel::codec {

namespace {

constexpr const char* kHint = "if you trust its origin, raise the limits on decompression";

}  // namespace

void OutputMeter::add(std::uint64_t produced, std::uint64_t consumed) {
  total_ += produced;
  const FormatError::Where where{.digest = {}, .path = {}, .offset = consumed};
  if (total_ > limits_.max_bytes) {
    throw FormatError(
        "decompress: the content has more than " + std::to_string(limits_.max_bytes) + " bytes, the most allowed",
        where, kHint);
  }
  if (total_ <= limits_.ratio_free_bytes) return;
  // Dividing rounds towards accepting and, unlike multiplying, cannot overflow.
  if (total_ / std::max<std::uint64_t>(consumed, 1) <= limits_.max_ratio) return;
  throw FormatError("decompress: " + std::to_string(consumed) + " compressed bytes have become " +
                        std::to_string(total_) + ", more than the " + std::to_string(limits_.max_ratio) +
                        " times allowed",
                    where, kHint);
}

}  // namespace accel::codec
