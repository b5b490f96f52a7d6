#include "accel/formats/nydus/rafs/v5_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs/v5_layout.hpp"
#include "accel/hash/blake3.hpp"
#include "formats/nydus/sample_rafs.hpp"
#include "formats/nydus/worked_examples.hpp"

namespace accel::formats::nydus {
namespace {

using testing::RafsBuilder;

class Bootstrap {
 public:
  explicit Bootstrap(const Rafs& rafs) : bytes_(write_bootstrap(rafs)) {}

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  template <class T>
  [[nodiscard]] T at(std::uint64_t offset) const {
    return load_le<T>(bytes_.view().subspan(static_cast<std::size_t>(offset)).first<sizeof(T)>().data());
  }
  /// Offset of the record with an index.
  [[nodiscard]] std::uint64_t record(std::uint32_t index) const {
    return std::uint64_t{at<std::uint32_t>(8192 + 4 * (index - 1))} * 8;
  }
  [[nodiscard]] std::string name(std::uint32_t index) const {
    return std::string(as_text(part(record(index) + 128, at<std::uint16_t>(record(index) + 100))));
  }
  [[nodiscard]] ByteView part(std::uint64_t offset, std::size_t size) const {
    return bytes_.view().subspan(static_cast<std::size_t>(offset), size);
  }

 private:
  Buffer bytes_;
};

RafsBuilder v5_builder() { return RafsBuilder(FsVersion::v5); }

TEST(V5Writer, worked_example_comes_out_byte_for_byte) {
  RafsBuilder builder(FsVersion::v5, kDefaultChunkSize);
  builder.blob(std::string(testing::kHelloDigest), feature::kCapTarToc).root(0755).directory("/etc");
  builder.file("/etc/hello.txt", "hello world\n").symlink("/link", "etc/hello.txt");
  builder.rafs.chunks[0].flags = chunk_flag::kHasCrc;
  builder.rafs.chunks[0].crc32c = testing::kHelloCrc;
  builder.rafs.blobs[0].compressed_size = builder.rafs.blobs[0].uncompressed_size = 12;
  const Buffer written = write_bootstrap(builder.rafs);
  const Bytes expected = testing::worked_example_v5().bytes();
  ASSERT_EQ(written.size(), expected.size());
  const auto differs = std::ranges::mismatch(written.view(), expected);
  EXPECT_EQ(differs.in1 - written.view().begin(), static_cast<std::ptrdiff_t>(written.size()));
}

TEST(V5Writer, children_have_indexes_in_a_row_and_records_stand_depth_first) {  // rafs-v5.md 9
  RafsBuilder builder = v5_builder();
  builder.directory("/a").directory("/a/b").file("/a/b/c").file("/a/z").directory("/d").file("/d/e").file("/f");
  const Bootstrap bootstrap(builder.rafs);
  std::vector<std::string> by_index;
  for (std::uint32_t i = 1; i <= 8; ++i) by_index.push_back(bootstrap.name(i));
  EXPECT_EQ(by_index, (std::vector<std::string>{"/", "a", "d", "f", "b", "z", "c", "e"}));
  std::vector<std::uint32_t> by_offset{1, 2, 3, 4, 5, 6, 7, 8};
  std::ranges::sort(by_offset, {}, [&](std::uint32_t index) { return bootstrap.record(index); });
  EXPECT_EQ(by_offset, (std::vector<std::uint32_t>{1, 2, 5, 7, 6, 3, 8, 4}));
  // Child index and count of "/", "a", "b" and of "d".
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.record(1) + 92), 2U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.record(2) + 92), 5U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.record(2) + 96), 2U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.record(5) + 92), 7U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.record(3) + 92), 8U);
  // Parents of "b" and "e".
  EXPECT_EQ(bootstrap.at<std::uint64_t>(bootstrap.record(5) + 32), 2U);
  EXPECT_EQ(bootstrap.at<std::uint64_t>(bootstrap.record(8) + 32), 3U);
}

TEST(V5Writer, an_empty_directory_has_the_next_free_index_as_first_child) {
  RafsBuilder builder = v5_builder();
  builder.directory("/a").directory("/b").file("/b/x");
  const Bootstrap bootstrap(builder.rafs);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.record(2) + 92), 4U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.record(2) + 96), 0U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(bootstrap.record(3) + 92), 4U);
}

TEST(V5Writer, every_hardlinked_name_has_a_record_with_the_first_ones_number) {  // rafs-v5.md 14
  RafsBuilder builder = v5_builder();
  builder.blob(std::string(64, 'a')).directory("/d").file("/d/x", "x").link("/b", "/d/x");
  const Bootstrap bootstrap(builder.rafs);
  ASSERT_EQ(bootstrap.name(2), "b");
  ASSERT_EQ(bootstrap.name(4), "x");
  for (const std::uint32_t index : {2U, 4U}) {
    const std::uint64_t record = bootstrap.record(index);
    EXPECT_EQ(bootstrap.at<std::uint64_t>(record + 40), 2U);
    EXPECT_EQ(bootstrap.at<std::uint32_t>(record + 88), 2U);
    EXPECT_EQ(bootstrap.at<std::uint64_t>(record + 80), v5::inode_flag::kHardlink);
    EXPECT_EQ(hex_encode(bootstrap.part(record + 136, 32)), hash::sha256(as_bytes("x")).hex());
  }
  EXPECT_EQ(bootstrap.at<std::uint64_t>(24), 3U);  // inodes
  EXPECT_EQ(bootstrap.at<std::uint32_t>(56), 4U);  // names
}

TEST(V5Writer, blobs_are_separated_by_a_nul_and_padded) {  // rafs-v5.md 6
  RafsBuilder builder = v5_builder();
  builder.blob(std::string(64, 'a')).file("/a", "a").blob(std::string(64, 'b')).file("/b", "b");
  const Bootstrap bootstrap(builder.rafs);
  const auto table = bootstrap.at<std::uint64_t>(48);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(64), 152U);  // 72 + 1 + 72, padded to 8
  EXPECT_EQ(as_text(bootstrap.part(table + 8, 64)), std::string(64, 'a'));
  EXPECT_EQ(as_text(bootstrap.part(table + 72, 1 + 8)), std::string(9, '\0'));
  EXPECT_EQ(as_text(bootstrap.part(table + 81, 64)), std::string(64, 'b'));
  EXPECT_EQ(bootstrap.at<std::uint32_t>(68), 2U);
  EXPECT_EQ(bootstrap.at<std::uint64_t>(72), table + 152);
}

TEST(V5Writer, attributes_are_packed_behind_the_name) {  // rafs-v5.md 11
  RafsBuilder builder = v5_builder();
  builder.file("/f").xattrs("/f", {{"user.b", "2"}, {"trusted.a", ""}});
  const Bootstrap bootstrap(builder.rafs);
  const std::uint64_t table = bootstrap.record(2) + 136;
  EXPECT_EQ(bootstrap.at<std::uint64_t>(table), 14U + 12U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(table + 8), 10U);
  EXPECT_EQ(as_text(bootstrap.part(table + 12, 10)), std::string("trusted.a\0", 10));
  EXPECT_EQ(bootstrap.at<std::uint32_t>(table + 22), 8U);
  EXPECT_EQ(as_text(bootstrap.part(table + 26, 8)), std::string("user.b\0"
                                                                "2",
                                                                8));
  EXPECT_EQ(bootstrap.size(), table + 8 + 32);
  EXPECT_EQ(bootstrap.at<std::uint64_t>(bootstrap.record(2) + 80), v5::inode_flag::kXattr);
  EXPECT_EQ(bootstrap.at<std::uint64_t>(bootstrap.record(2) + 72), 0U);  // blocks: see rafs-v5.md 8
  EXPECT_NE(bootstrap.at<std::uint64_t>(16) & super_flag::kHasXattr, 0U);
}

TEST(V5Writer, an_odd_number_of_names_is_padded) {
  RafsBuilder builder = v5_builder();
  builder.directory("/a").directory("/b");
  builder.rafs.prefetch = {"/b", "/a", "/none"};
  const Bootstrap bootstrap(builder.rafs);
  EXPECT_EQ(bootstrap.at<std::uint64_t>(40), 8192U + 16);  // prefetch table
  EXPECT_EQ(bootstrap.at<std::uint32_t>(60), 2U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(8192 + 16), 3U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(8192 + 20), 2U);
  EXPECT_EQ(bootstrap.at<std::uint32_t>(64), 0U);  // no blobs
  EXPECT_EQ(bootstrap.record(1), 8192U + 24);
  EXPECT_EQ(bootstrap.size() % 8, 0U);
}

TEST(V5Writer, digests_are_of_the_kind_that_was_asked_for) {  // rafs-v5.md 13
  RafsBuilder builder = v5_builder();
  builder.rafs.digester = Digester::blake3;
  builder.directory("/d").symlink("/s", "target");
  const Bootstrap bootstrap(builder.rafs);
  const RawDigest empty = hash::blake3({});
  const RawDigest link = hash::blake3(as_bytes("target"));
  EXPECT_EQ(hex_encode(bootstrap.part(bootstrap.record(2), 32)), hex_encode(empty));
  EXPECT_EQ(hex_encode(bootstrap.part(bootstrap.record(3), 32)), hex_encode(link));
  Bytes both(empty.begin(), empty.end());
  both.insert(both.end(), link.begin(), link.end());
  EXPECT_EQ(hex_encode(bootstrap.part(bootstrap.record(1), 32)), hex_encode(hash::blake3(both)));
  EXPECT_NE(bootstrap.at<std::uint64_t>(16) & super_flag::kDigestBlake3, 0U);
}

TEST(V5Writer, implicit_directories_bear_the_mark) {  // corrections.md 10
  RafsBuilder builder = v5_builder();
  builder.root(0700).implicit("/made-up");
  const Bootstrap bootstrap(builder.rafs);
  EXPECT_EQ(bootstrap.at<std::uint8_t>(bootstrap.record(2) + v5::inode::kImplicit), 1U);
  EXPECT_EQ(bootstrap.at<std::uint8_t>(bootstrap.record(1) + v5::inode::kImplicit), 0U);
}

}  // namespace
}  // namespace accel::formats::nydus
