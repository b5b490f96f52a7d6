#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs/v5_reader.hpp"
#include "accel/formats/nydus/rafs/v6_reader.hpp"

namespace accel::formats::nydus {

Rafs read_bootstrap(ByteView bytes, const BootstrapLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    throw FormatError("read a bootstrap: it has " + std::to_string(bytes.size()) + " bytes, more than the limit of " +
                      std::to_string(limits.max_bytes));
  }
  return is_v5_bootstrap(bytes) ? read_v5(bytes, limits) : read_v6(bytes, limits);
}

}  // namespace accel::formats::nydus
