#include "accel/codec/output_meter.hpp"

#include <algorithm>
#include <string>

#include "accel/base/error.hpp"

namespace accel::codec {

namespace {

// Both by the name of the option that users have.
constexpr const char* kSizeHint = "if you trust its origin, raise the limit with --max-layer-size";
constexpr const char* kRatioHint = "if you trust its origin, raise the limit with --max-ratio";

}  // namespace

void OutputMeter::add(std::uint64_t produced, std::uint64_t consumed) {
  total_ += produced;
  const FormatError::Where where{.digest = {}, .path = {}, .offset = consumed};
  if (total_ > limits_.max_bytes) {
    throw FormatError(
        "decompress: the content has more than " + std::to_string(limits_.max_bytes) + " bytes, the most allowed",
        where, kSizeHint);
  }
  if (total_ <= limits_.ratio_free_bytes) return;
  // Dividing rounds towards accepting and, unlike multiplying, cannot overflow.
  if (total_ / std::max<std::uint64_t>(consumed, 1) <= limits_.max_ratio) return;
  throw FormatError("decompress: " + std::to_string(consumed) + " compressed bytes have become " +
                        std::to_string(total_) + ", more than the " + std::to_string(limits_.max_ratio) +
                        " times allowed",
                    where, kRatioHint);
}

}  // namespace accel::codec
