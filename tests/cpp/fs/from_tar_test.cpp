#include "accel/fs/from_tar.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"
#include "fs/layers.hpp"

namespace accel::fs {
namespace {

using testing::ChunkedStream;
using testing::TarBuilder;

TEST(FromTar, content_is_hashed_whatever_the_reads) {
  const std::string content(200'000, 'c');
  for (const std::size_t max_read : {1000UL, SIZE_MAX}) {
    Tree tree;
    ChunkedStream stream(TarBuilder().file("a", content).file("empty").end().text(), max_read);
    add_layer(tree, stream);
    EXPECT_EQ(tree.find("a")->content, hash::sha256(as_bytes(content)));
    EXPECT_EQ(tree.find("empty")->content, hash::sha256({}));
  }
}

TEST(FromTar, sparse_files_are_hashed_expanded) {
  Tree tree;
  ChunkedStream stream(TarBuilder()
                           .pax({{"GNU.sparse.size", "10"}, {"GNU.sparse.numblocks", "1"}, {"GNU.sparse.map", "2,3"}})
                           .file("a", "abc")
                           .text());
  add_layer(tree, stream);
  EXPECT_EQ(tree.find("a")->content, hash::sha256(as_bytes(std::string("\0\0abc\0\0\0\0\0", 10))));
  EXPECT_EQ(tree.find("a")->size, 10U);
}

TEST(FromTar, stream_is_read_to_its_end) {
  Tree tree;
  ChunkedStream stream(TarBuilder().file("a").end().raw(std::string(1'000'000, 't')).text(), 4096);
  add_layer(tree, stream);
  std::byte byte{};
  EXPECT_EQ(stream.read({&byte, 1}), 0U);
}

TEST(FromTar, cancel_stops_it) {
  CancelSource source;
  source.cancel();
  Tree tree;
  ChunkedStream stream(TarBuilder().file("a").end().text());
  EXPECT_THROW(add_layer(tree, stream, source.token()), Cancelled);
}

}  // namespace
}  // namespace accel::fs
