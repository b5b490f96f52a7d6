/// The kernel's own EROFS driver mounts what write_bootstrap writes. Spec: rafs-v6.md 20.
#include <gtest/gtest.h>

#include "accel/base/endian.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "formats/nydus/mount_sample.hpp"
#include "support/mounted_image.hpp"

namespace accel::formats::nydus {
namespace {

using testing::MountedImage;
using testing::MountSample;
using testing::TempDirectory;

class KernelMount : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(KernelMount, shows_every_file_as_it_was_written) {
  const TempDirectory directory;
  const MountSample sample = testing::make_mount_sample(FsVersion::v6, GetParam());
  directory.write("a", sample.blob_data(0));
  directory.write("b", sample.blob_data(1));
  directory.write("boot", as_text(write_bootstrap(sample.builder.rafs).view()));
  const MountedImage mounted(directory / "boot", {directory / "a", directory / "b"});
  if (!mounted.why_not.empty()) GTEST_SKIP() << mounted.why_not;
  testing::expect_same_files(mounted.root(), sample);
}

TEST_P(KernelMount, takes_one_device_with_all_blobs_at_their_mapped_addresses) {  // rafs-v6.md 5
  const TempDirectory directory;
  const MountSample sample = testing::make_mount_sample(FsVersion::v6, GetParam());
  const Buffer bootstrap = write_bootstrap(sample.builder.rafs);
  const auto flat = directory.write("flat", as_text(bootstrap.view()));
  for (std::uint32_t blob = 0; blob < 2; ++blob) {
    const auto block = load_le<std::uint32_t>(bootstrap.data() + 1408 + 128 * blob + 68);
    std::fstream file(flat, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(block) * 4096);
    file << sample.blob_data(blob);
  }
  const MountedImage mounted(flat, {});
  if (!mounted.why_not.empty()) GTEST_SKIP() << mounted.why_not;
  testing::expect_same_files(mounted.root(), sample);
}

INSTANTIATE_TEST_SUITE_P(ChunkSizes, KernelMount, ::testing::Values(kMinChunkSize, kDefaultChunkSize));

}  // namespace
}  // namespace accel::formats::nydus
