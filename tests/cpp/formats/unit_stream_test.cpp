#include "accel/formats/unit_stream.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "formats/encode_layer.hpp"

namespace accel::formats {
namespace {

/// "ab" | "" "c" | "def" as gzip members with their offsets.
struct Units {
  Buffer blob;
  std::vector<std::uint64_t> offsets;

  Units() {
    const auto encoder = codec::make_gzip_encoder(6);
    offsets.push_back(blob.size());
    encoder->encode(as_bytes("ab"), blob);
    offsets.push_back(blob.size());
    encoder->encode({}, blob);
    encoder->encode(as_bytes("c"), blob);
    offsets.push_back(blob.size());
    encoder->encode(as_bytes("def"), blob);
  }
};

TEST(UnitStream, gives_all_units_and_where_each_begins) {
  const Units units;
  io::MemorySource source{units.blob.view()};
  BlobReader blob(source, {});
  UnitStream stream(blob, codec::Compression::gzip, units.offsets, units.blob.size(), {});
  EXPECT_EQ(to_string(io::read_all(stream, 100)), "abcdef");
  EXPECT_EQ(stream.length(), 6U);
  EXPECT_EQ(stream.begin_of(units.offsets[0]), 0U);
  EXPECT_EQ(stream.begin_of(units.offsets[1]), 2U);
  EXPECT_EQ(stream.begin_of(units.offsets[2]), 3U);
  EXPECT_THROW(stream.begin_of(units.offsets[2] + 1), FormatError);
  EXPECT_EQ(stream.finish(), hash::sha256(as_bytes("abcdef")));
  EXPECT_EQ(blob.finish(), hash::sha256(units.blob.view()));
}

TEST(UnitStream, a_place_that_was_not_read_has_no_position) {
  const Units units;
  io::MemorySource source{units.blob.view()};
  BlobReader blob(source, {});
  UnitStream stream(blob, codec::Compression::gzip, units.offsets, units.blob.size(), {});
  EXPECT_THROW(stream.begin_of(0), FormatError);
  std::byte out{};
  ASSERT_EQ(stream.read({&out, 1}), 1U);
  EXPECT_EQ(stream.begin_of(0), 0U);
  EXPECT_THROW(stream.begin_of(units.offsets[2]), FormatError);
}

TEST(UnitStream, units_must_end_where_the_next_begins) {
  for (const int shift : {-1, 1}) {
    Units units;
    units.offsets[1] += static_cast<std::uint64_t>(shift);
    io::MemorySource source{units.blob.view()};
    BlobReader blob(source, {});
    UnitStream stream(blob, codec::Compression::gzip, units.offsets, units.blob.size(), {});
    EXPECT_THROW(io::read_all(stream, 100), FormatError);
  }
}

TEST(UnitStream, errors_say_where_in_the_blob) {
  const Units units;
  Bytes damaged = to_bytes(units.blob.view());
  damaged[static_cast<std::size_t>(units.offsets[2])] = std::byte{0x55};
  io::MemorySource source{ByteView(damaged)};
  BlobReader blob(source, {});
  UnitStream stream(blob, codec::Compression::gzip, units.offsets, units.blob.size(), {});
  try {
    io::read_all(stream, 100);
    FAIL() << "no error";
  } catch (const FormatError& error) {
    EXPECT_GE(error.where().offset, units.offsets[2]);
  }
}

TEST(UnitStream, the_whole_stream_has_a_limit) {
  const Units units;
  io::MemorySource source{units.blob.view()};
  BlobReader blob(source, {});
  codec::DecodeLimits limits;
  limits.max_bytes = 5;
  UnitStream stream(blob, codec::Compression::gzip, units.offsets, units.blob.size(), limits);
  EXPECT_THROW(io::read_all(stream, 100), FormatError);
}

TEST(BlobReader, gives_views_up_to_an_end_and_the_digest_of_all) {
  const std::string content = testing::random_bytes(3'000'000, 1);
  io::MemorySource source(as_bytes(content));
  BlobReader blob(source, {});
  EXPECT_EQ(as_text(blob.peek(5)), content.substr(0, 5));
  blob.consume(5);
  EXPECT_TRUE(blob.peek(5).empty());
  EXPECT_EQ(blob.position(), 5U);
  std::string seen = content.substr(0, 5);
  for (ByteView piece = blob.peek(2'500'000); !piece.empty(); piece = blob.peek(2'500'000)) {
    seen += as_text(piece);
    blob.consume(piece.size());
  }
  EXPECT_EQ(seen, content.substr(0, 2'500'000));
  EXPECT_EQ(blob.finish(), hash::sha256(as_bytes(content)));
}

}  // namespace
}  // namespace accel::formats
