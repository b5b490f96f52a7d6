/// nydusd serves what write_bootstrap writes, of both versions. Spec: rafs-v6.md 19.4, rafs-v5.md 17.4.
#include <gtest/gtest.h>

#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "formats/nydus/mount_sample.hpp"
#include "support/nydusd_mount.hpp"

namespace accel::formats::nydus {
namespace {

using testing::MountSample;
using testing::NydusdMount;
using testing::TempDirectory;

class NydusdMounts : public ::testing::TestWithParam<FsVersion> {};

TEST_P(NydusdMounts, every_file_as_it_was_written) {
  const TempDirectory directory;
  const MountSample sample = testing::make_mount_sample(GetParam(), kDefaultChunkSize);
  std::filesystem::create_directories(directory / "blobs");
  for (std::uint32_t i = 0; i < 2; ++i) sample.write_blob(i, directory / ("blobs/" + sample.builder.rafs.blobs[i].id));
  directory.write("boot", as_text(write_bootstrap(sample.builder.rafs).view()));
  const NydusdMount mounted(directory / "boot", directory / "blobs");
  if (!mounted.why_not.empty()) GTEST_SKIP() << mounted.why_not;
  testing::expect_same_files(mounted.root(), sample, {.hides_acls = true, .shows_its_start_for_no_time = true});
  if (HasFailure()) std::fputs(mounted.log().c_str(), stderr);
}

INSTANTIATE_TEST_SUITE_P(Versions, NydusdMounts, ::testing::Values(FsVersion::v6, FsVersion::v5));

}  // namespace
}  // namespace accel::formats::nydus
