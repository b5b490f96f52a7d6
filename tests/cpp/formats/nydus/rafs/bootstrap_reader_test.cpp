#include "accel/formats/nydus/rafs/bootstrap.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "formats/nydus/worked_examples.hpp"

namespace accel::formats::nydus {
namespace {

using testing::Image;
using testing::kHelloCrc;
using testing::kHelloDigest;
using testing::worked_example_v5;
using testing::worked_example_v6;

const std::string kId(64, 'a');

std::vector<std::string> paths(const Rafs& rafs) {
  std::vector<std::string> found;
  for (Tree::Name name = 0; name < rafs.tree.size(); ++name) found.push_back(rafs.tree.path(name));
  std::sort(found.begin(), found.end());
  return found;
}

void expect_example(const Rafs& rafs) {
  EXPECT_EQ(rafs.chunk_size, 0x100000U);
  EXPECT_EQ(rafs.compressor, Compressor::none);
  EXPECT_EQ(rafs.digester, Digester::sha256);
  EXPECT_TRUE(rafs.explicit_ids);
  EXPECT_FALSE(rafs.has_xattrs);
  EXPECT_EQ(paths(rafs), (std::vector<std::string>{"/", "/etc", "/etc/hello.txt", "/link"}));
  const Inode& link = rafs.tree.inode(rafs.tree.find("/link"));
  EXPECT_EQ(link.type, tar::EntryType::symlink);
  EXPECT_EQ(rafs.tree.text(link.link_target), "etc/hello.txt");
  EXPECT_EQ(link.mode, 0777);
  const Inode& file = rafs.tree.inode(rafs.tree.find("/etc/hello.txt"));
  EXPECT_EQ(file.type, tar::EntryType::regular);
  EXPECT_EQ(file.mode, 0644);
  EXPECT_EQ(file.size, 12U);
  EXPECT_EQ(file.mtime, 1700000000);
  ASSERT_EQ(file.chunk_count, 1U);
  const Chunk& chunk = rafs.chunks.at(rafs.file_chunks.at(file.first_chunk));
  EXPECT_EQ(hex_encode(chunk.digest), kHelloDigest);
  EXPECT_EQ(chunk.crc32c, kHelloCrc);
  EXPECT_EQ(chunk.flags, chunk_flag::kHasCrc);
  EXPECT_EQ(chunk.uncompressed_size, 12U);
  const Inode& etc = rafs.tree.inode(rafs.tree.find("/etc"));
  EXPECT_EQ(etc.type, tar::EntryType::directory);
  EXPECT_FALSE(etc.implicit);
  EXPECT_EQ(rafs.tree.inode(Tree::kRoot).mtime, 0);
  EXPECT_TRUE(rafs.prefetch.empty());
}

TEST(BootstrapReader, worked_example_of_v6_is_read) {
  const Rafs rafs = read_bootstrap(worked_example_v6(kId).bytes());
  EXPECT_EQ(rafs.version, FsVersion::v6);
  expect_example(rafs);
  ASSERT_EQ(rafs.blobs.size(), 1U);
  EXPECT_EQ(rafs.blobs[0].id, kId);
  EXPECT_EQ(rafs.blobs[0].chunk_count, 1U);
  EXPECT_EQ(rafs.blobs[0].features, 0x40000001U);
  EXPECT_EQ(rafs.blobs[0].uncompressed_size, 4096U);
  EXPECT_EQ(rafs.blobs[0].ci_offset, 12U);
  EXPECT_EQ(rafs.blobs[0].digester, Digester::sha256);
}

TEST(BootstrapReader, worked_example_of_v5_is_read) {
  const Rafs rafs = read_bootstrap(worked_example_v5().bytes());
  EXPECT_EQ(rafs.version, FsVersion::v5);
  expect_example(rafs);
  ASSERT_EQ(rafs.blobs.size(), 1U);
  EXPECT_EQ(rafs.blobs[0].id, kHelloDigest);
  EXPECT_EQ(rafs.blobs[0].compressed_size, 12U);
}

TEST(BootstrapReader, old_v5_image_without_extended_table_is_read) {
  const Rafs rafs = read_bootstrap(worked_example_v5().put(68, 0U).put(72, std::uint64_t{0}).bytes());
  EXPECT_EQ(rafs.blobs.at(0).chunk_count, 1U);
  EXPECT_EQ(rafs.blobs.at(0).compressed_size, 12U);
}

TEST(BootstrapReader, directories_without_an_entry_are_known_by_their_mark) {
  const Rafs v6 = read_bootstrap(worked_example_v6(kId).put(0x30E0 + 48, std::uint8_t{1}).bytes());
  EXPECT_TRUE(v6.tree.inode(v6.tree.find("/etc")).implicit);
  const Rafs v5 = read_bootstrap(worked_example_v5().put(8480 + 120, std::uint8_t{1}).bytes());
  EXPECT_TRUE(v5.tree.inode(v5.tree.find("/etc")).implicit);
}

TEST(BootstrapReader, prefetch_table_becomes_paths) {
  Image v6 = worked_example_v6(kId);
  v6.put(0x4A8, std::uint64_t{0x1100}).put(0x4B0, 12U).put(0x1100, 139U).put(0x1104, 128U);
  EXPECT_EQ(read_bootstrap(v6.bytes()).prefetch, (std::vector<std::string>{"/etc/hello.txt", "/"}));
}

TEST(BootstrapReader, compact_inodes_are_read) {
  Image image = worked_example_v6(kId);
  // /link as a compact inode: the target follows 32 bytes after its start.
  image.hex(0x3080, std::string(160, '0')).put(0x3080, std::uint16_t{4}).put(0x3084, std::uint16_t{0xA1FF});
  image.put(0x3086, std::uint16_t{1}).put(0x3088, 13U).put(0x3090, 3U).put(0x3098, std::uint16_t{7});
  image.text(0x30A0, "etc/hello.txt");
  const Rafs rafs = read_bootstrap(image.bytes());
  const Inode& link = rafs.tree.inode(rafs.tree.find("/link"));
  EXPECT_EQ(rafs.tree.text(link.link_target), "etc/hello.txt");
  EXPECT_EQ(link.uid, 7U);
  EXPECT_EQ(link.mtime, 0);
}

TEST(BootstrapReader, xattrs_of_v6_are_read) {
  Image image = worked_example_v6(kId);
  image.put(0x480, std::uint64_t{0x01000039});
  // Behind /etc/hello.txt's inode: header, "user.a" = "xyz", "system.posix_acl_access" = "q".
  image.put(0x3162, std::uint16_t{5}).hex(0x31A0, std::string(16, '0'));
  image.put(0x31AC, std::uint8_t{1}).put(0x31AD, std::uint8_t{1}).put(0x31AE, std::uint16_t{3}).text(0x31B0, "axyz");
  image.put(0x31B4, std::uint8_t{0}).put(0x31B5, std::uint8_t{2}).put(0x31B6, std::uint16_t{1}).text(0x31B8, "q");
  image.hex(0x31C0, "00 00 01 00 00 00 00 00");
  image.put(0x3162, std::uint16_t{6});
  // 12 + 8 + 8 = 28 bytes: count (28 - 12) / 4 + 1.
  image.put(0x3162, std::uint16_t{5});
  const Rafs rafs = read_bootstrap(image.bytes());
  const Xattrs& xattrs = rafs.tree.xattrs(rafs.tree.inode(rafs.tree.find("/etc/hello.txt")).xattrs);
  EXPECT_EQ(xattrs, (Xattrs{{"user.a", "xyz"}, {"system.posix_acl_access", "q"}}));
}

struct Damage {
  const char* name;
  std::function<void(Image&)> make;
  const char* message;
};

class DamagedV6 : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedV6, is_refused) {
  Image image = worked_example_v6(kId);
  GetParam().make(image);
  try {
    read_bootstrap(image.bytes());
    FAIL() << "accepted";
  } catch (const FormatError& error) {
    EXPECT_NE(std::string(error.what()).find(GetParam().message), std::string::npos) << error.what();
    EXPECT_TRUE(error.where().offset.has_value());
    EXPECT_FALSE(error.hint().empty());
  }
}

template <class T>
std::function<void(Image&)> put(std::size_t offset, T value) {
  return [=](Image& image) { image.put(offset, value); };
}

std::string name_of(const ::testing::TestParamInfo<Damage>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Bootstrap, DamagedV6,
    ::testing::Values(
        Damage{"short_file", [](Image& i) { i.resize(4096); }, "at least 8192"},
        Damage{"odd_size", [](Image& i) { i.resize(0x5001); }, "whole number of blocks"},
        Damage{"magic", put(0x400, 0U), "neither"}, Damage{"checksum", put(0x404, 1U), "checksum"},
        Damage{"plain_erofs", put(0x408, 0U), "none of RAFS v6"},
        Damage{"block_size", put(0x40C, std::uint8_t{10}), "block size"},
        Damage{"tarfs_block_size", put(0x40C, std::uint8_t{9}), "TARFS flag"},
        Damage{"no_names", put(0x410, std::uint64_t{0}), "inode count is 0"},
        Damage{"fewer_names", put(0x410, std::uint64_t{3}), "more names"},
        Damage{"more_names", put(0x410, std::uint64_t{5}), "counts 5 names"},
        Damage{"inode_base", put(0x428, 6U), "beyond the end"},
        Damage{"incompatible_feature", put(0x450, 0x1CU), "incompatible"},
        Damage{"no_device", put(0x456, std::uint16_t{0}), "no blob"},
        Damage{"two_devices", put(0x456, std::uint16_t{2}), "size of the blob table"},
        Damage{"device_slot", put(0x458, std::uint16_t{12}), "device table"},
        Damage{"unknown_flag", put(0x480, std::uint64_t{0x01001019}), "flags"},
        Damage{"two_compressors", put(0x480, std::uint64_t{0x0100001B}), "compressor"},
        Damage{"no_digester", put(0x480, std::uint64_t{0x01000011}), "digest algorithm"},
        Damage{"chunk_size", put(0x494, 0x100001U), "chunk size"},
        Damage{"blob_table_place", put(0x488, std::uint64_t{0x800}), "blob table"},
        Damage{"chunk_table_size", put(0x4A0, std::uint64_t{0x51}), "multiple of 80"},
        Damage{"chunk_table_huge", put(0x4A0, std::uint64_t{0xFFFFFFFFFFFFFFF0}), "beyond the end"},
        Damage{"tables_overlap", put(0x498, std::uint64_t{0x1000}), "overlap"},
        Damage{"device_id", put(0x580, std::uint8_t{'b'}), "blob's id"},
        Damage{"device_size", put(0x5C0, 2U), "blob's size"},
        Damage{"device_over_bootstrap", put(0x5C4, 4U), "lies over"},
        Damage{"block_count", put(0x424, 2U), "block count"}, Damage{"blob_index", put(0x1040, 1U), "blob's index"},
        Damage{"no_chunks", put(0x1048, 0U), "without chunks"},
        Damage{"blob_compressor", put(0x104C, 4U), "compressor"},
        Damage{"blob_feature", put(0x1054, 0x40001001U), "features"},
        Damage{"blob_internal_feature", put(0x1054, 0xC0000001U), "features"},
        Damage{"blob_not_aligned", put(0x1054, 0x40000000U), "aligned"},
        Damage{"zran_without_v2", put(0x1054, 0x40000009U), "v2"},
        Damage{"ci_size", put(0x1080, std::uint64_t{32}), "size of its chunks"},
        Damage{"ci_grew", put(0x1078, std::uint64_t{17}), "grew"},
        Damage{"cipher_without_feature", put(0x1000 + 216, 1U), "cipher"},
        Damage{"cipher_of_files_only", put(0x1000 + 216, 2U), "cipher"},
        Damage{"root_is_no_inode", put(0x40E, std::uint16_t{0}), "inode 0"},
        Damage{"root_is_a_link", put(0x40E, std::uint16_t{132}), "root"},
        Damage{"inode_beyond_the_end", put(0x3064, std::uint64_t{384}), "not inside the file"},
        Damage{"inode_far_beyond", put(0x3064, std::uint64_t{0xFFFFFFFFFFFFFFF}), "not inside the file"},
        Damage{"circle", put(0x3138, std::uint64_t{135}), "type is not its inode's"},
        Damage{"circle_of_directories",
               [](Image& i) { i.put(0x3138, std::uint64_t{135}).put(0x3142, std::uint8_t{2}); }, "more names"},
        Damage{"parent", put(0x312C, std::uint64_t{135}), "leads elsewhere"},
        Damage{"self", put(0x3120, std::uint64_t{128}), "leads elsewhere"},
        Damage{"directory_links", put(0x30E0 + 44, 3U), "link count"},
        Damage{"file_links", put(0x3160 + 44, 2U), "above the number"},
        Damage{"symlink_links", put(0x3080 + 44, 2U), "impossible link count"},
        Damage{"entry_type", put(0x306E, std::uint8_t{1}), "type"},
        Damage{"unsorted", [](Image& i) { i.text(0x3073, "zzz"); }, "not sorted"},
        Damage{"slash", [](Image& i) { i.text(0x3073, "e/c"); }, "no file can have"},
        Damage{"name_offset", put(0x3060, std::uint16_t{600}), "inside its block"},
        Damage{"entry_count", put(0x3048, std::uint16_t{47}), "number of entries"},
        Damage{"symlink_empty", put(0x3088, std::uint64_t{0}), "empty or longer"},
        Damage{"symlink_long", put(0x3088, std::uint64_t{4097}), "empty or longer"},
        Damage{"symlink_nul", put(0x30C2, std::uint8_t{0}), "NUL"},
        Damage{"tail_crosses_block", put(0x3088, std::uint64_t{4000}), "crosses"},
        Damage{"layout", put(0x3160, std::uint16_t{1}), "layout"},
        Damage{"format_bits", put(0x30E0, std::uint16_t{0x15}), "layout"},
        Damage{"type", put(0x3164, std::uint16_t{0x31A4}), "type"},
        Damage{"chunk_format", put(0x3170, 0x08U), "chunk format"},
        Damage{"chunk_format_small", put(0x3170, 0x20U), "chunk format"},
        Damage{"file_size", put(0x3168, std::uint64_t{13}), "size that its file needs"},
        Damage{"file_size_huge", put(0x3168, std::uint64_t{1} << 63U), "impossible"},
        Damage{"chunk_device", put(0x31A2, std::uint8_t{2}), "not listed"},
        Damage{"chunk_device_none", put(0x31A2, std::uint8_t{0}), "not listed"},
        Damage{"chunk_index", put(0x31A0, std::uint8_t{1}), "not in the chunk table"},
        Damage{"chunk_address", put(0x31A4, 1U), "not in the chunk table"},
        Damage{"table_chunk_index", put(0x4048, 1U), "index beyond"},
        Damage{"table_chunk_blob", put(0x4020, 1U), "not listed"}, Damage{"table_chunk_size", put(0x402C, 0U), "empty"},
        Damage{"table_chunk_stored_size", put(0x4028, 11U), "two sizes"},
        Damage{"table_chunk_place", put(0x4030, std::uint64_t{1}), "beyond its blob"},
        Damage{"table_chunk_alignment", put(0x4038, std::uint64_t{1}), "not aligned"},
        Damage{"table_chunk_content", put(0x4038, std::uint64_t{4096}), "beyond its blob"},
        Damage{"prefetch_of_nothing",
               [](Image& i) { i.put(0x4A8, std::uint64_t{0x1100}).put(0x4B0, 4U).put(0x1100, 130U); }, "prefetch"},
        Damage{"xattrs_without_flag", put(0x3162, std::uint16_t{1}), "no flag"},
        Damage{"nanoseconds", put(0x3188, 1'000'000'000U), "nanoseconds"}),
    name_of);

class DamagedV5 : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedV5, is_refused) {
  Image image = worked_example_v5();
  GetParam().make(image);
  try {
    read_bootstrap(image.bytes());
    FAIL() << "accepted";
  } catch (const FormatError& error) {
    EXPECT_NE(std::string(error.what()).find(GetParam().message), std::string::npos) << error.what();
  } catch (const DigestMismatch& error) {
    EXPECT_NE(std::string(error.what()).find(GetParam().message), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bootstrap, DamagedV5,
    ::testing::Values(
        Damage{"odd_size", [](Image& i) { i.resize(8991); }, "multiple of 8"},
        Damage{"superblock_size", put(8, 4096U), "8192"}, Damage{"chunk_size", put(12, 0x800U), "chunk size"},
        Damage{"flag", put(16, std::uint64_t{0x119}), "flags"},
        Damage{"compressors", put(16, std::uint64_t{0x1B}), "compressors"},
        Damage{"inode_count", put(24, std::uint64_t{5}), "more inodes"},
        Damage{"table_entries", put(56, 0x10000000U), "beyond the end"},
        Damage{"table_alignment", put(32, std::uint64_t{8196}), "aligned"},
        Damage{"table_overlap", put(48, std::uint64_t{8200}), "overlap"},
        Damage{"table_in_superblock", put(72, std::uint64_t{4096}), "superblock"},
        Damage{"blob_chunks", put(8280, 0U), "no chunks"}, Damage{"record_place", put(8196, 1024U), "outside"},
        Damage{"record_beyond", put(8196, 1124U), "beyond the end"},
        Damage{"record_shared", put(8204, 1105U), "inode digest of /etc"},
        Damage{"root_parent", put(8376, std::uint64_t{1}), "root"},
        Damage{"parent", put(8512, std::uint64_t{2}), "parent"},
        Damage{"number", put(8656, std::uint64_t{3}), "inode number"},
        Damage{"first_child", put(8344 + 92, 1U), "impossible indexes"},
        Damage{"children", put(8344 + 96, 5U), "impossible indexes"},
        Damage{"child_twice", put(8480 + 92, 3U), "same child"}, Damage{"orphan", put(8480 + 96, 0U), "inode digest"},
        Damage{"links", put(8616 + 88, 2U), "above the number"},
        Damage{"directory_links", put(8480 + 88, 3U), "link count"},
        Damage{"name_size", put(8616 + 100, std::uint16_t{0}), "name"},
        Damage{"name_order", [](Image& i) { i.text(8480 + 128, "zzz"); }, "not sorted"},
        Damage{"name_slash", [](Image& i) { i.text(8480 + 128, "e/c"); }, "no file can have"},
        Damage{"symlink_flag", put(8840 + 80, std::uint64_t{0}), "flags"},
        Damage{"symlink_size", put(8840 + 64, std::uint64_t{12}), "target"},
        Damage{"symlink_digest", [](Image& i) { i.text(8976, "etc/hellO.txt"); }, "inode digest of /link"},
        Damage{"file_digest", put(8616, 0U), "inode digest"}, Damage{"root_digest", put(8344, 0U), "inode digest of /"},
        Damage{"file_size", put(8616 + 64, std::uint64_t{13}), "content in order"},
        Damage{"file_chunks", put(8616 + 96, 2U), "chunks of its size"},
        Damage{"chunk_blob", put(8760 + 32, 1U), "not listed"},
        Damage{"chunk_place", put(8760 + 48, std::uint64_t{1}), "beyond its blob"},
        Damage{"chunk_file_place", put(8760 + 64, std::uint64_t{0x100000}), "in order"},
        Damage{"chunk_hole", put(8760 + 36, 2U), "flags"},
        Damage{"xattrs_without_flag", put(8616 + 80, std::uint64_t{4}), "no flag"}),
    name_of);

/// Whatever one byte becomes, reading ends, with a result or an error of the contract.
void flip_every_byte(const Bytes& bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const auto mask : {std::byte{0x01}, std::byte{0x80}, std::byte{0xFF}}) {
      Bytes damaged = bytes;
      damaged[i] ^= mask;
      try {
        read_bootstrap(damaged);
      } catch (const FormatError&) {
      } catch (const DigestMismatch&) {
      } catch (const UnsupportedError&) {
      }
    }
  }
}

TEST(BootstrapReader, survives_every_flipped_byte_of_v6) { flip_every_byte(worked_example_v6(kId).bytes()); }
TEST(BootstrapReader, survives_every_flipped_byte_of_v5) { flip_every_byte(worked_example_v5().bytes()); }

TEST(BootstrapReader, every_cut_is_refused) {
  for (const Bytes& whole : {worked_example_v6(kId).bytes(), worked_example_v5().bytes()}) {
    for (std::size_t size = 0; size < whole.size(); size += 8) {
      EXPECT_THROW(read_bootstrap(ByteView(whole).first(size)), Error) << size;
    }
  }
}

TEST(BootstrapReader, limits_hold) {
  BootstrapLimits limits;
  limits.max_names = 3;
  EXPECT_THROW(read_bootstrap(worked_example_v6(kId).bytes(), limits), FormatError);
  EXPECT_THROW(read_bootstrap(worked_example_v5().bytes(), limits), FormatError);
  limits = {};
  limits.max_bytes = 8192;
  EXPECT_THROW(read_bootstrap(worked_example_v6(kId).bytes(), limits), FormatError);
}

}  // namespace
}  // namespace accel::formats::nydus
