// Which layers an image is taken apart into, and what the tars look like.
#include "accel/formats/nydus/unpack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/format.hpp"
#include "accel/tar/reader.hpp"
#include "formats/nydus/converted_image.hpp"
#include "support/tar_builder.hpp"

namespace accel::formats::nydus {
namespace {

using accel::testing::TarBuilder;
using formats::testing::random_bytes;

std::string lower() {
  TarBuilder tar;
  tar.file("z", random_bytes(300'000, 1)).directory("dir").file("dir/b", "second").file("dir/a", "third");
  return tar.hardlink("dir/0", "z").file("empty").symlink("dir/link", "b").end().text();
}
std::string upper() { return TarBuilder().file(".wh.z").file("dir/b", "changed").end().text(); }

std::vector<std::string> names_of(ByteView tar) {
  io::MemoryStream stream(tar);
  tar::Reader reader(stream);
  std::vector<std::string> names;
  while (const tar::Entry* const entry = reader.next()) names.push_back(entry->name);
  return names;
}

class NydusUnpack : public ::testing::Test {
 protected:
  NydusUnpack() : format_(format_info().make({})), image_(testing::convert(*format_, {lower(), upper()})) {}

  std::string write(ImageUnpacker& unpacker, std::size_t layer) {
    io::MemorySink tar;
    unpacker.write_layer(layer, tar, {});
    return to_string(tar.view());
  }

  std::unique_ptr<Format> format_;
  testing::Image image_;
};

TEST_F(NydusUnpack, content_follows_everything_else_in_the_order_in_which_it_is_stored) {
  const auto unpacker = open_unpacker(image_.descriptors(), image_.opener(), {});
  ASSERT_EQ(unpacker->layers().size(), 2U);
  EXPECT_EQ(names_of(as_bytes(write(*unpacker, 0))),
            (std::vector<std::string>{"dir/", "dir/link", "empty", "dir/0", "z", "dir/b", "dir/a"}));
  EXPECT_EQ(names_of(as_bytes(write(*unpacker, 1))), (std::vector<std::string>{".wh.z", "dir/b"}));
}

TEST_F(NydusUnpack, the_same_bytes_each_time) {
  const auto first = open_unpacker(image_.descriptors(), image_.opener(), {});
  const auto second = open_unpacker(image_.descriptors(), image_.opener(), {});
  EXPECT_EQ(write(*first, 0), write(*first, 0));
  EXPECT_EQ(write(*first, 0), write(*second, 0));
}

TEST_F(NydusUnpack, layers_that_are_not_the_image_are_not_believed) {
  std::vector<oci::Descriptor> layers = image_.descriptors();
  std::swap(layers[0], layers[1]);
  const auto unpacker = open_unpacker(layers, image_.opener(), {});
  EXPECT_TRUE(unpacker->layers().empty());
  EXPECT_NE(unpacker->note().find("not what its bootstrap says"), std::string::npos) << unpacker->note();
  std::vector<std::string> names = names_of(as_bytes(write(*unpacker, 0)));
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"./", "dir/", "dir/0", "dir/a", "dir/b", "dir/link", "empty"}));
}

TEST_F(NydusUnpack, an_image_without_its_layers_is_one_layer) {
  const auto unpacker = open_unpacker({image_.descriptors().back()}, image_.opener(), {});
  EXPECT_TRUE(unpacker->layers().empty());
  EXPECT_EQ(unpacker->note(), "its layers are not in the image; all files are in one layer");
  EXPECT_EQ(names_of(as_bytes(write(*unpacker, 0))).size(), 7U);
}

TEST_F(NydusUnpack, blobs_of_a_dictionary_are_left_out) {
  const std::string tar = image_.tar();
  io::MemoryStream stream(as_bytes(tar));
  const auto format = format_info().make({{"chunk_dict_ref", "registry.example/dictionary:1"}});
  format->set_dictionary(stream, image_.descriptors());
  const testing::Image user = testing::convert(*format, {TarBuilder().file("copy", "third").end().text()});
  ASSERT_EQ(user.result.foreign_blobs.size(), 1U);
  std::vector<oci::Descriptor> layers = user.descriptors();
  layers.insert(layers.end() - 1, user.result.foreign_blobs.front());
  const auto open = [&](const oci::Descriptor& blob) {
    const bool own = std::ranges::any_of(user.descriptors(), [&](const auto& l) { return l.digest == blob.digest; });
    return own ? user.opener()(blob) : image_.opener()(blob);
  };
  const auto unpacker = open_unpacker(layers, open, {});
  EXPECT_EQ(unpacker->note(), "");
  ASSERT_EQ(unpacker->layers().size(), 1U);
  EXPECT_EQ(names_of(as_bytes(write(*unpacker, 0))), (std::vector<std::string>{"copy"}));
}

TEST_F(NydusUnpack, damage_is_noticed_in_layers_without_content_too) {
  image_.layers[1] = formats::testing::encode_layer(*format_, TarBuilder().file("empty").end().text());
  Bytes& blob = image_.layers[1].blob;
  const std::vector<oci::Descriptor> layers = image_.descriptors();
  blob[blob.size() - 1] ^= std::byte{1};  // of a tar header: nothing that anybody looks at
  io::MemorySink tar;
  EXPECT_THROW(unpack_layer(layers[1], std::make_shared<io::MemorySource>(ByteView(blob)), tar), Error);
}

TEST_F(NydusUnpack, cancel_ends_it) {
  const auto unpacker = open_unpacker(image_.descriptors(), image_.opener(), {});
  CancelSource cancel;
  cancel.cancel();
  io::MemorySink tar;
  EXPECT_THROW(unpacker->write_layer(0, tar, cancel.token()), Cancelled);
}

TEST_F(NydusUnpack, other_images_have_no_unpacker) {
  EXPECT_EQ(open_unpacker({image_.descriptors().front()}, image_.opener(), {}), nullptr);
}

}  // namespace
}  // namespace accel::formats::nydus
