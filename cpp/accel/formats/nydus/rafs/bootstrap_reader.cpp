#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs/bootstrap_bytes.hpp"
#include "accel/formats/nydus/rafs/v5_reader.hpp"
#include "accel/formats/nydus/rafs/v5_tables.hpp"
#include "accel/formats/nydus/rafs/v6_reader.hpp"
#include "accel/formats/nydus/rafs/v6_tables.hpp"

namespace accel::formats::nydus {

Rafs read_bootstrap(ByteView bytes, const BootstrapLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    throw FormatError("read a bootstrap: it has " + std::to_string(bytes.size()) + " bytes, more than the limit of " +
                      std::to_string(limits.max_bytes));
  }
  return is_v5_bootstrap(bytes) ? read_v5(bytes, limits) : read_v6(bytes, limits);
}

std::vector<Blob> read_blob_table(ByteView view) {
  const BootstrapBytes bytes(view);
  if (is_v5_bootstrap(view)) return read_v5_blobs(bytes, read_v5_super(bytes));
  return read_v6_blobs(bytes, read_v6_super(bytes));
}

}  // namespace accel::formats::nydus
