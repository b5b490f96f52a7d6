#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs/bootstrap_tables.hpp"
#include "accel/formats/nydus/rafs/v5_writer.hpp"
#include "accel/formats/nydus/rafs/v6_writer.hpp"

namespace accel::formats::nydus {

Buffer write_bootstrap(const Rafs& rafs) {
  check_tables(rafs);
  return rafs.version == FsVersion::v6 ? write_bootstrap_v6(rafs) : write_bootstrap_v5(rafs);
}

}  // namespace accel::formats::nydus
