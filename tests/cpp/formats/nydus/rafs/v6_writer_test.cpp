#include "accel/formats/nydus/rafs/v6_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs/v5_layout.hpp"
#include "accel/formats/nydus/rafs/v6_layout.hpp"
#include "formats/nydus/sample_rafs.hpp"
#include "formats/nydus/worked_examples.hpp"

namespace accel::formats::nydus {
namespace {

using testing::RafsBuilder;

const std::string kId(64, 'a');

/// Integers of a bootstrap that is being looked at.
class Bootstrap {
 public:
  explicit Bootstrap(const Rafs& rafs) : bytes_(write_bootstrap(rafs)) {}

  [[nodiscard]] ByteView bytes() const { return bytes_.view(); }
  template <class T>
  [[nodiscard]] T at(std::uint64_t offset) const {
    return load_le<T>(bytes_.view().subspan(static_cast<std::size_t>(offset)).first<sizeof(T)>().data());
  }
  [[nodiscard]] std::uint64_t meta() const { return std::uint64_t{at<std::uint32_t>(v6::kSuperblock + 40)} * 4096; }
  [[nodiscard]] std::uint64_t flags() const { return at<std::uint64_t>(v6::kExtended); }
  [[nodiscard]] std::uint64_t chunk_table() const { return at<std::uint64_t>(v6::kExtended + 24); }
  [[nodiscard]] std::uint64_t chunk_table_size() const { return at<std::uint64_t>(v6::kExtended + 32); }
  [[nodiscard]] std::string_view text(std::uint64_t offset, std::size_t size) const {
    return as_text(bytes_.view().subspan(static_cast<std::size_t>(offset), size));
  }
  /// The first inode slot that begins with this mode behind a format, counted from the root on.
  [[nodiscard]] std::uint64_t find_inode(std::uint16_t mode) const {
    for (std::uint64_t offset = meta() + v6::kFirstInode; offset < bytes_.size(); offset += v6::kNidUnit) {
      const auto format = at<std::uint16_t>(offset);
      if ((format == 1 || format == 5 || format == 9) && at<std::uint16_t>(offset + 4) == mode) return offset;
    }
    throw std::invalid_argument("no such inode");
  }

 private:
  Buffer bytes_;
};

Rafs worked_example() {
  RafsBuilder builder(FsVersion::v6, kDefaultChunkSize);
  builder.blob(kId)
      .root(0755)
      .directory("/etc")
      .file("/etc/hello.txt", "hello world\n")
      .symlink("/link", "etc/hello.txt");
  builder.rafs.chunks[0].flags = chunk_flag::kHasCrc;
  builder.rafs.chunks[0].crc32c = testing::kHelloCrc;
  Blob& blob = builder.rafs.blobs[0];
  blob.ci_offset = 12;
  blob.compressed_size = 12 + 16 + 4096;
  return std::move(builder.rafs);
}

TEST(V6Writer, worked_example_comes_out_byte_for_byte) {
  const Buffer written = write_bootstrap(worked_example());
  const Bytes expected = testing::worked_example_v6(kId).bytes();
  ASSERT_EQ(written.size(), expected.size());
  const auto differs = std::ranges::mismatch(written.view(), expected);
  EXPECT_EQ(differs.in1 - written.view().begin(), static_cast<std::ptrdiff_t>(written.size()));
}

TEST(V6Writer, a_root_alone_takes_two_blocks) {
  RafsBuilder builder;
  builder.root(0755);
  const Bootstrap bootstrap(builder.rafs);
  EXPECT_EQ(bootstrap.bytes().size(), 8192U);
  EXPECT_EQ(bootstrap.meta(), 0U);
  EXPECT_EQ(bootstrap.at<std::uint64_t>(v6::kExtended + 8), 4096U);   // the blob table, of no bytes
  EXPECT_EQ(bootstrap.at<std::uint64_t>(v6::kExtended + 24), 8192U);  // the chunk table, of no bytes
  EXPECT_EQ(bootstrap.chunk_table_size(), 0U);
  EXPECT_EQ(bootstrap.at<std::uint16_t>(4096), 5U);
}

TEST(V6Writer, size_is_a_multiple_of_the_block_for_any_tree) {
  RafsBuilder builder;
  builder.blob(kId);
  for (int i = 0; i < 500; ++i) {
    builder.file("/" + std::string(static_cast<std::size_t>(i % 200 + 1), 'n') + std::to_string(i), std::to_string(i));
    if (i % 50 != 0) continue;
    const Bootstrap bootstrap(builder.rafs);
    EXPECT_EQ(bootstrap.bytes().size() % 4096, 0U);
    EXPECT_EQ(bootstrap.chunk_table() % 4096, 0U);
    EXPECT_EQ(bootstrap.chunk_table_size(), 80U * (static_cast<std::uint64_t>(i) + 1));
    EXPECT_EQ(bootstrap.at<std::uint16_t>(v6::kSuperblock + 14), 128U);
  }
}

TEST(V6Writer, a_contiguous_file_is_one_extent_for_the_kernel) {  // rafs-v6.md 9.1
  RafsBuilder builder;
  builder.blob(kId).file("/one", std::string(100, '1'), 0001).file("/five", std::string(5 * 4096 + 123, '5'), 0005);
  const Inode five = builder.at("/five");
  const Bootstrap bootstrap(builder.rafs);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.find_inode(0100001) + 16), 0x20U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.find_inode(0100005) + 16), 0x23U);  // 32 KiB
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.find_inode(0100005) + 64 + 8 * 5 + 4),
            6U);  // block of the last chunk

  builder.rafs.file_chunks[five.first_chunk + 2] = builder.at("/one").first_chunk;
  const Bootstrap scattered(builder.rafs);
  EXPECT_EQ(scattered.at<std::uint32_t>(scattered.find_inode(0100005) + 16), 0x20U);
}

TEST(V6Writer, chunk_indexes_name_blob_and_block) {  // rafs-v6.md 9.2
  RafsBuilder builder;
  builder.blob(kId).file("/a", "a").blob(std::string(64, 'b')).file("/b", std::string(4096, 'b'), 0002);
  Blob& blob = builder.rafs.blobs[1];
  Chunk& chunk = builder.rafs.chunks[1];
  blob.chunk_count = 0x123457;
  chunk.index = 0x123456;
  chunk.uncompressed_offset = std::uint64_t{0x89ABCDEF} * 4096;
  blob.uncompressed_size = chunk.uncompressed_offset + 4096;
  const Bootstrap bootstrap(builder.rafs);
  EXPECT_EQ(hex_encode(bootstrap.bytes().subspan(static_cast<std::size_t>(bootstrap.find_inode(0100002)) + 64, 8)),
            "56340212efcdab89");
}

TEST(V6Writer, chunk_table_is_sorted_and_keeps_the_offset_that_was_met_last) {  // rafs-v6.md 13
  RafsBuilder builder;
  builder.blob(kId);
  builder.file("/first", std::string(4096, 'x') + "tail").file("/unused", "gone");
  builder.rafs.file_chunks.push_back(1);
  builder.file("/last", "y");
  builder.at("/last").size = 2 * 4096 + 1;
  builder.at("/last").first_chunk = static_cast<std::uint32_t>(builder.rafs.file_chunks.size());
  builder.at("/last").chunk_count = 3;
  builder.rafs.file_chunks.insert(builder.rafs.file_chunks.end(), {3, 3, 0});
  builder.rafs.tree.remove(builder.name("/unused"));
  const Bootstrap bootstrap(builder.rafs);
  ASSERT_EQ(bootstrap.chunk_table_size(), 3U * 80);
  std::string previous;
  for (std::uint64_t i = 0; i < 3; ++i) {
    const std::uint64_t entry = bootstrap.chunk_table() + 80 * i;
    const std::string digest(bootstrap.text(entry, 32));
    EXPECT_LT(previous, digest);
    previous = digest;
    const auto index = bootstrap.at<std::uint32_t>(entry + 72);
    EXPECT_EQ(bootstrap.at<std::uint64_t>(entry + 64), index == 0 ? 8192U : 4096U) << index;
  }
}

TEST(V6Writer, hardlinked_names_share_an_inode) {
  RafsBuilder builder;
  builder.blob(kId).directory("/d").file("/d/a", "x", 0001).link("/b", "/d/a").link("/c", "/d/a");
  const Bootstrap bootstrap(builder.rafs);
  const std::uint64_t inode = bootstrap.find_inode(0100001);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(inode + 44), 3U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(inode + 20), 2U);  // "/b" is numbered first
  EXPECT_EQ(bootstrap.at<std::uint64_t>(v6::kSuperblock + 16), 5U);
}

TEST(V6Writer, names_before_the_dots_sort_before_them) {  // rafs-v6.md 8.2
  RafsBuilder builder;
  builder.file("/!x").file("/.!").file("/.a");
  const Bootstrap bootstrap(builder.rafs);
  const std::uint64_t entries = bootstrap.meta() + v6::kFirstInode + 64;
  EXPECT_EQ(bootstrap.at<std::uint16_t>(entries + 8), 60U);
  EXPECT_EQ(bootstrap.text(entries + 60, 9), "!x..!...a");
}

TEST(V6Writer, directories_of_several_blocks_keep_every_name) {
  RafsBuilder builder;
  for (int i = 0; i < 700; ++i) builder.file("/name-number-" + std::to_string(i));
  const Bootstrap bootstrap(builder.rafs);
  const std::uint64_t root = bootstrap.meta() + v6::kFirstInode;
  const auto size = bootstrap.at<std::uint64_t>(root + 8);
  const std::uint64_t data = std::uint64_t{bootstrap.at<std::uint32_t>(root + 16)} * 4096;
  std::size_t names = 0;
  for (std::uint64_t block = 0; block * 4096 < size; ++block) {
    const bool inlined = bootstrap.at<std::uint16_t>(root) == 5 && block == size / 4096;
    const std::uint64_t at = inlined ? root + 64 : data + block * 4096;
    names += bootstrap.at<std::uint16_t>(at + 8) / v6::kDirentSize;
  }
  EXPECT_EQ(names, 702U);
}

TEST(V6Writer, attributes_follow_the_inode) {  // rafs-v6.md 11
  RafsBuilder builder;
  builder.file("/f", "", 0001).xattrs("/f", {{"user.ab", "xyz"}, {"system.posix_acl_access", "A"}, {"security.c", ""}});
  const Bootstrap bootstrap(builder.rafs);
  const std::uint64_t inode = bootstrap.find_inode(0100001);
  EXPECT_EQ(bootstrap.at<std::uint16_t>(inode + 2), 8U);  // 28 bytes of entries and one
  EXPECT_EQ(hex_encode(as_bytes(bootstrap.text(inode + 64, 12 + 28))),
            std::string(24, '0') + "01060000" + "63000000" + "00020100" + "41000000" + "02010300" + "616278797a000000");
  EXPECT_EQ(bootstrap.flags() & super_flag::kHasXattr, super_flag::kHasXattr);
}

TEST(V6Writer, implicit_directories_bear_the_mark) {  // corrections.md 10
  RafsBuilder builder;
  builder.root(0700).implicit("/made-up");
  const Bootstrap bootstrap(builder.rafs);
  EXPECT_EQ(bootstrap.at<std::uint8_t>(bootstrap.find_inode(0040755) + v6::inode::kImplicit), 1U);
  EXPECT_EQ(bootstrap.at<std::uint8_t>(bootstrap.find_inode(0040700) + v6::inode::kImplicit), 0U);
}

TEST(V6Writer, prefetch_table_names_what_exists_in_order_of_patterns) {  // rafs-v6.md 14
  RafsBuilder builder;
  builder.blob(kId).directory("/usr").directory("/usr/bin").directory("/etc").file("/etc/x", "x");
  builder.rafs.prefetch = {"/usr/bin", "/missing", "relative", "/etc", "/etc/x", "/usr/bin", "/usr"};
  const Bootstrap bootstrap(builder.rafs);
  EXPECT_EQ(bootstrap.at<std::uint64_t>(v6::kExtended + 40), 4096U + 256);
  ASSERT_EQ(bootstrap.at<std::uint32_t>(v6::kExtended + 48), 12U);
  const std::uint64_t table = 4096 + 256;
  for (int i = 0; i < 3; ++i) {
    const auto nid = bootstrap.at<std::uint32_t>(table + 4U * static_cast<unsigned>(i));
    EXPECT_EQ(bootstrap.at<std::uint16_t>(bootstrap.meta() + std::uint64_t{nid} * 32 + 4), 0040755U);
  }
  builder.rafs.prefetch = {"/"};
  EXPECT_EQ(Bootstrap(builder.rafs).at<std::uint32_t>(table), 128U);
}

TEST(V6Writer, blobs_are_mapped_one_after_the_other) {  // rafs-v6.md 5
  RafsBuilder builder;
  builder.blob(kId).file("/a", std::string(4096, 'a')).blob(std::string(64, 'b')).file("/b", "b");
  builder.rafs.blobs[0].uncompressed_size = 0x80001 * std::uint64_t{4096};
  const Bootstrap bootstrap(builder.rafs);
  const std::uint64_t slots = v6::kDevices;
  EXPECT_EQ(bootstrap.text(slots, 64), kId);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(slots + 64), 0x80001U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(slots + 68), 128U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(slots + 128 + 64), 1U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(slots + 128 + 68), 128U + 0x80080U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(v6::kSuperblock + 36), 0x80002U);
}

TEST(V6Writer, an_encrypted_blob_keeps_key_and_iv_in_the_table) {  // rafs-v6.md 12
  RafsBuilder builder;
  builder.blob(kId, feature::kCapTarToc | feature::kAligned | feature::kEncrypted | feature::kChunkInfoV2)
      .file("/a", "a");
  for (std::size_t i = 0; i < 32; ++i) builder.rafs.blobs[0].key[i] = static_cast<std::byte>(i + 1);
  for (std::size_t i = 0; i < 16; ++i) builder.rafs.blobs[0].iv[i] = static_cast<std::byte>(i + 0x81);
  const Bootstrap bootstrap(builder.rafs);
  EXPECT_EQ(hex_encode(as_bytes(bootstrap.text(4096 + 168, 48))),
            "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
            "8182838485868788898a8b8c8d8e8f90");
  EXPECT_EQ(bootstrap.at<std::uint32_t>(4096 + 216), 1U);
  EXPECT_EQ(bootstrap.flags() & (super_flag::kEncryptionAes | super_flag::kEncryptionNone), super_flag::kEncryptionAes);
}

TEST(V6Writer, digests_are_flagged_when_every_blob_has_them) {
  constexpr std::uint32_t kWith = feature::kCapTarToc | feature::kAligned | feature::kInlinedChunkDigest;
  RafsBuilder builder;
  builder.blob(kId, kWith).file("/a", "a");
  EXPECT_NE(Bootstrap(builder.rafs).flags() & super_flag::kInlinedChunkDigest, 0U);
  builder.blob(std::string(64, 'b')).file("/b", "b");
  EXPECT_EQ(Bootstrap(builder.rafs).flags() & super_flag::kInlinedChunkDigest, 0U);
}

TEST(V6Writer, what_it_cannot_hold_is_refused_with_the_path) {
  const auto problem_of = [](const RafsBuilder& builder) -> std::string {
    try {
      write_bootstrap(builder.rafs);
    } catch (const FormatError& error) {
      return error.what();
    }
    return "nothing";
  };
  RafsBuilder attribute;
  attribute.directory("/d").file("/d/f").xattrs("/d/f", {{"com.apple.x", ""}});
  EXPECT_NE(problem_of(attribute).find("/d/f"), std::string::npos) << problem_of(attribute);
  EXPECT_NE(problem_of(attribute).find("com.apple.x"), std::string::npos);
  RafsBuilder link;
  link.symlink("/l", std::string(4097, 'x'));
  EXPECT_NE(problem_of(link).find("/l"), std::string::npos) << problem_of(link);
  RafsBuilder chunks;
  chunks.blob(kId).file("/f", "x");
  chunks.at("/f").size = 5000;
  EXPECT_NE(problem_of(chunks).find("1 chunks for a file of 5000 bytes"), std::string::npos) << problem_of(chunks);
  RafsBuilder blobs;
  blobs.blob(kId);
  EXPECT_NE(problem_of(blobs).find("0 chunks"), std::string::npos) << problem_of(blobs);
  RafsBuilder many;
  for (int i = 0; i < 255; ++i) many.blob(std::to_string(i)).file("/" + std::to_string(i), "x");
  EXPECT_NE(problem_of(many).find("255 blobs"), std::string::npos) << problem_of(many);
  RafsBuilder unaligned;
  unaligned.blob(kId).file("/f", "x");
  unaligned.rafs.chunks[0].uncompressed_offset = 12;
  EXPECT_NE(problem_of(unaligned).find("uncompressed offset 12"), std::string::npos) << problem_of(unaligned);
}

}  // namespace
}  // namespace accel::formats::nydus
