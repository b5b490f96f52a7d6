/// What nydus-image makes of directories, read and written again, is the same bytes; what we write, it accepts.
/// The release that the registries have, nydus-rs 2.2.0, is older than the specifications; the tests name what differs.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/formats/nydus/merge.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs/v5_layout.hpp"
#include "accel/formats/nydus/rafs/v6_layout.hpp"
#include "formats/nydus/sample_rafs.hpp"
#include "support/peer_program.hpp"
#include "support/temp_directory.hpp"

namespace accel::formats::nydus {
namespace {

namespace fs = std::filesystem;
using testing::peer_program;
using testing::RafsBuilder;
using testing::run_program;
using testing::TempDirectory;

std::string content_of(std::size_t size, std::uint32_t seed) {
  std::string content(size, '\0');
  for (char& c : content) {
    seed = seed * 1664525U + 1013904223U;
    c = static_cast<char>(seed >> 24U);
  }
  return content;
}

/// Objects of every kind that a directory can hold, in every way that the allocator places them.
void make_tree(const TempDirectory& at, const std::string& root) {
  const auto path = [&](const std::string& name) { return (at / (root + "/" + name)).string(); };
  for (std::uint32_t i = 0; i < 900; ++i) {
    at.write(root + "/many/" + std::string(i % 97 + 1, 'n') + std::to_string(i), content_of(i % 7 * 10, i));
  }
  for (int i = 0; i < 141; ++i) at.write(root + "/exact/" + std::to_string(1000 + i) + std::string(12, 'x'), "");
  fs::create_directories(path("a/b/c/d"));
  fs::create_directories(path("!bang"));
  for (const int size : {1, 60, 1000, 4000, 4031, 4032, 4033, 4090}) {
    fs::create_symlink(std::string(static_cast<std::size_t>(size), 'l'), path("a/l" + std::to_string(size)));
  }
  const std::string large = content_of((5U << 20U) + 123, 1);
  at.write(root + "/big/contiguous", large);
  at.write(root + "/big/shares", large.substr(0, (3U << 20U) + 5));
  at.write(root + "/big/zeros", std::string(4U << 20U, '\0'));
  at.write(root + "/-dash", "x");
  at.write(root + "/.hidden", "y");
  fs::create_hard_link(path("big/contiguous"), path("a/hard"));
  fs::create_hard_link(path("big/contiguous"), path("z-hard"));
  ASSERT_EQ(::mkfifo(path("a/b/fifo").c_str(), 0600), 0);
  // Only root may do the following; without it the tree is the poorer.
  static_cast<void>(::mknod(path("a/b/null").c_str(), S_IFCHR | 0666, ::makedev(1, 3)));
  static_cast<void>(::mknod(path("a/b/disk").c_str(), S_IFBLK | 0660, ::makedev(0x123, 0x45678)));
  static_cast<void>(::lchown(path("a/b/c").c_str(), 70000, 5));
  static_cast<void>(::setxattr(path("big/shares").c_str(), "user.x", "yyyy", 4, 0));
  static_cast<void>(::setxattr(path("a/b").c_str(), "trusted.q", "", 0, 0));
  for (int i = 0; i < 40; ++i) {
    fs::create_directories(path("tree/" + std::to_string(i) + "/x/y"));
    for (int j = 0; j < i; ++j) {
      const std::size_t sizes[] = {0, 1, 4095, 4096, 4097, 20000};
      at.write(root + "/tree/" + std::to_string(i) + "/f" + std::to_string(j),
               content_of(sizes[(i + j) % 6], static_cast<std::uint32_t>(i * 100 + j)));
    }
  }
}

class ReferenceBuilder : public ::testing::TestWithParam<FsVersion> {
 protected:
  void SetUp() override {
    program_ = peer_program("nydus-rs/bin/nydus-image");
    if (program_.empty()) GTEST_SKIP() << "nydus-image is not installed";
  }

  void run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_);
    const std::string log = (directory_ / "log").string();
    ASSERT_EQ(run_program(arguments, log), 0) << directory_.read("log");
  }

  /// Builds a bootstrap of the directory `source`; returns its file, which is named by the blob's digest.
  std::string create(const std::string& source, const std::string& chunk_size, const std::string& whiteouts) {
    fs::create_directories(directory_ / ("blobs-" + source));
    run({"create", "--type", "dir-rafs", "--fs-version", GetParam() == FsVersion::v6 ? "6" : "5", "--compressor",
         "none", "--digester", "sha256", "--chunk-size", chunk_size, "--whiteout-spec", whiteouts, "--bootstrap",
         directory_ / "boot", "--blob-dir", directory_ / ("blobs-" + source), directory_ / source});
    std::string digest = "none";
    for (const auto& blob : fs::directory_iterator(directory_ / ("blobs-" + source))) {
      digest = blob.path().filename().string();
    }
    const fs::path named = directory_ / (digest + ".boot");
    fs::rename(directory_ / "boot", named);
    return named.string();
  }

  std::string read(const std::string& file) { return directory_.read(fs::path(file).filename().string()); }

  /// nydus-image loads it, finds every chunk, and of version 5 verifies all digests.
  void expect_accepted(const Buffer& bootstrap) {
    directory_.write("ours", as_text(bootstrap.view()));
    run({"check", "--bootstrap", directory_ / "ours"});
  }

  TempDirectory directory_;
  std::string program_;
};

template <class T>
T value_at(const std::string& bytes, std::size_t offset) {
  return load_le<T>(as_bytes(bytes).subspan(offset).first<sizeof(T)>().data());
}

template <class T>
void set_at(std::string& bytes, std::size_t offset, T value) {
  std::byte stored[sizeof(T)];
  store_le(stored, value);
  bytes.replace(offset, sizeof(T), as_text(stored));
}

/// Clears what release 2.2.0 writes otherwise than rafs-v6.md 4, 5 and 6.2 say: no flag for "not encrypted", mapped
/// addresses aligned to 2 MiB, and a root without a sequence number.
std::string comparable_v6(std::string bytes) {
  set_at(bytes, v6::kExtended, value_at<std::uint64_t>(bytes, v6::kExtended) & ~super_flag::kEncryptionNone);
  for (std::size_t i = 0; i < value_at<std::uint16_t>(bytes, v6::kSuperblock + 86); ++i) {
    set_at(bytes, v6::kDevices + i * v6::kDeviceSize + 68, std::uint32_t{0});
  }
  const std::size_t meta = std::size_t{value_at<std::uint32_t>(bytes, v6::kSuperblock + 40)} * kBlockSize;
  set_at(bytes, meta + v6::kFirstInode + v6::inode::kNumber, std::uint32_t{0});
  return bytes;
}

/// The tables and, in the order of indexes, the records: release 2.2.0 stores records in that order, where rafs-v5.md 9
/// has them depth-first. It does not count the root among the inodes, and as a builder from directories it does not
/// flag hardlinks (rafs-v5.md 8) and counts attributes in a file's blocks.
std::string comparable_v5(const std::string& bytes) {
  const auto entries = value_at<std::uint32_t>(bytes, 56);
  std::vector<std::size_t> ends{bytes.size()};
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < entries; ++i) {
    begins.push_back(std::size_t{value_at<std::uint32_t>(bytes, 8192 + 4 * i)} * 8);
    ends.push_back(begins.back());
  }
  std::ranges::sort(ends);
  std::string comparable = bytes.substr(0, 8192);
  set_at(comparable, 24, std::uint64_t{0});
  const std::size_t tables = 8192 + std::size_t{entries + 1} / 2 * 8;
  comparable += bytes.substr(tables, ends[0] - tables);
  for (const std::size_t begin : begins) {
    std::string record = bytes.substr(begin, *std::ranges::upper_bound(ends, begin) - begin);
    set_at(record, v5::inode::kFlags, value_at<std::uint64_t>(record, v5::inode::kFlags) & ~v5::inode_flag::kHardlink);
    set_at(record, v5::inode::kBlocks, std::uint64_t{0});
    comparable += record;
  }
  return comparable;
}

void expect_same(const std::string& reference, const Buffer& ours, FsVersion version) {
  const auto comparable = [&](const std::string& bytes) {
    return version == FsVersion::v6 ? comparable_v6(bytes) : comparable_v5(bytes);
  };
  const std::string left = comparable(reference);
  const std::string right = comparable(std::string(as_text(ours.view())));
  ASSERT_EQ(left.size(), right.size());
  EXPECT_EQ(std::ranges::mismatch(left, right).in1 - left.begin(), static_cast<std::ptrdiff_t>(left.size()));
}

TEST_P(ReferenceBuilder, its_bootstrap_written_again_is_the_same) {
  make_tree(directory_, "source");
  for (const char* const chunk_size : {"0x1000", "0x100000"}) {
    const std::string bytes = read(create("source", chunk_size, "oci"));
    const Buffer written = write_bootstrap(read_bootstrap(as_bytes(bytes)));
    expect_same(bytes, written, GetParam());
    expect_accepted(written);
    fs::remove_all(directory_ / "blobs-source");
  }
}

TEST_P(ReferenceBuilder, its_merge_gives_the_same_as_ours) {
  for (std::uint32_t layer = 0; layer < 3; ++layer) {
    const std::string root = std::to_string(layer);
    for (std::uint32_t i = 0; i < 200; ++i) {
      const std::string directory = root + "/usr/d" + std::to_string(i % 20);
      directory_.write(directory + "/f" + std::to_string(layer * 150 + i), content_of(i * 97 % 9000, layer * 1000 + i));
    }
  }
  fs::create_hard_link(directory_ / "0/usr/d7/f7", directory_ / "0/usr/hard");
  fs::create_hard_link(directory_ / "0/usr/d7/f7", directory_ / "0/usr/d5/hard");
  directory_.write("1/usr/d3/.wh.f3", "");
  directory_.write("1/usr/.wh.d4", "");
  directory_.write("2/usr/d5/.wh..wh..opq", "");
  directory_.write("2/usr/.wh.d6", "");
  // Deep, so that it is met late: release 2.2.0 numbers blobs otherwise where a file replaces a directory.
  directory_.write("0/usr/z/z/directory/x", "x");
  directory_.write("2/usr/z/z/directory", "a file where a directory was");
  fs::permissions(directory_ / "2/usr/d8", fs::perms::owner_all);
  std::vector<std::string> arguments{"merge", "--bootstrap", directory_ / "merged"};
  Merger merger;
  for (const char* const layer : {"0", "1", "2"}) {
    arguments.push_back(create(layer, "0x1000", "none"));
    const std::string blob = fs::path(arguments.back()).stem().string();
    merger.add(
        {.rafs = read_bootstrap(as_bytes(read(arguments.back()))), .blob = hash::Digest::parse("sha256:" + blob)});
  }
  run(arguments);
  const Buffer written = write_bootstrap(merger.finish({}));
  expect_same(directory_.read("merged"), written, GetParam());
  expect_accepted(written);
}

TEST_P(ReferenceBuilder, accepts_what_only_our_layers_have) {
  RafsBuilder builder(GetParam());
  builder.blob(std::string(64, 'a')).implicit("/implicit").file("/implicit/file", content_of(10'000, 1));
  builder.directory("/wide");
  for (int i = 0; i < 2000; ++i) builder.file("/wide/" + std::to_string(i), i % 3 == 0 ? std::to_string(i) : "");
  builder.link("/implicit/link", "/implicit/file").same_content("/same", "/implicit/file");
  builder.xattrs("/same", {{"user.a", "1"}, {"security.b", "2"}, {"trusted.c", "3"}});
  builder.symlink("/l", "somewhere").device("/d", tar::EntryType::character, 0x103);
  builder.at("/l").mtime_nanoseconds = 123;
  builder.at("/d").mtime = -5;
  builder.rafs.prefetch = {"/wide", "/implicit/file"};
  expect_accepted(write_bootstrap(builder.rafs));
  expect_accepted(write_bootstrap(RafsBuilder(GetParam()).rafs));
}

INSTANTIATE_TEST_SUITE_P(Versions, ReferenceBuilder, ::testing::Values(FsVersion::v6, FsVersion::v5));

}  // namespace
}  // namespace accel::formats::nydus
