#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/store/stores.hpp"
#include "support/sample_image.hpp"
#include "support/tar_builder.hpp"
#include "support/temp_directory.hpp"

namespace accel::store {
namespace {

using accel::testing::put_image;
using accel::testing::put_index;
using accel::testing::put_referrer;
using accel::testing::read_blob;
using accel::testing::TarBuilder;
using accel::testing::TempDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OciArchiveTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string file(std::string_view name = "image.tar") const { return (directory_ / name).string(); }
  /// Writes an archive with one image of two platforms and one of its own; gives the index.
  oci::RawManifest write_archive(std::string_view name = "image.tar") const {
    const auto archive = open_oci_archive(file(name), OpenMode::write);
    const auto one = put_image(*archive, "", "one");
    const auto two = put_image(*archive, "", std::string(3'000'000, 'x'));
    const auto index = put_index(*archive, "v1", {one.descriptor, two.descriptor});
    put_image(*archive, "v2", "three");
    archive->finish();
    return index;
  }

  const TempDirectory directory_;
};

TEST_F(OciArchiveTest, what_was_written_is_read) {
  const auto index = write_archive();
  const auto archive = open_oci_archive(file(), OpenMode::read);
  EXPECT_THAT(archive->list_tags({}), ElementsAre("v1", "v2"));
  EXPECT_EQ(archive->get_manifest("v1", {}).bytes, index.bytes);
  const auto children = oci::parse_index(index.bytes).manifests;
  const auto child = archive->get_manifest(children[1].digest.to_string(), {});
  const auto layer = oci::parse_manifest(child.bytes).layers[0];
  EXPECT_TRUE(archive->has_blob(layer, {}));
  EXPECT_EQ(read_blob(*archive, layer), std::string(3'000'000, 'x'));
  Bytes out(4);
  archive->blob_source(layer, {})->read_at(2'999'996, out);
  EXPECT_EQ(to_string(out), "xxxx");
  EXPECT_EQ(archive->stat_manifest("v3", {}), std::nullopt);
  EXPECT_FALSE(archive->has_blob(oci::describe(oci::kOciLayer, "absent"), {}));
}

TEST_F(OciArchiveTest, file_appears_with_finish_and_nothing_else_is_left) {
  {
    const auto archive = open_oci_archive(file(), OpenMode::write);
    const auto image = put_image(*archive, "v1", "content");
    EXPECT_EQ(archive->get_manifest("v1", {}).bytes, image.bytes) << "the writer reads what it has";
    EXPECT_FALSE(std::filesystem::exists(file()));
    archive->finish();
    EXPECT_TRUE(std::filesystem::exists(file()));
    EXPECT_EQ(archive->get_manifest("v1", {}).bytes, image.bytes) << "also afterwards";
  }
  EXPECT_EQ(directory_.count_files(), 1U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1);
}

TEST_F(OciArchiveTest, writer_that_is_not_finished_leaves_nothing) {
  put_image(*open_oci_archive(file(), OpenMode::write), "v1", "content");
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  open_oci_archive(file(), OpenMode::write)->finish();
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path())) << "nothing was put into it";
}

TEST_F(OciArchiveTest, bytes_depend_on_the_images_only) {
  write_archive("a.tar");
  write_archive("b.tar");
  const std::string bytes = directory_.read("a.tar");
  EXPECT_EQ(bytes, directory_.read("b.tar"));
  EXPECT_EQ(bytes.size() % 512, 0U);
  EXPECT_EQ(bytes.substr(0, 11), std::string("oci-layout\0", 11));
  EXPECT_EQ(bytes.substr(1024, 11), std::string("index.json\0", 11));
}

TEST_F(OciArchiveTest, image_without_a_tag_is_the_only_one) {
  const auto archive = open_oci_archive(file(), OpenMode::write);
  const auto image = put_image(*archive, "", "content");
  archive->finish();
  EXPECT_EQ(open_oci_archive(file(), OpenMode::read)->get_manifest("", {}).bytes, image.bytes);
}

TEST_F(OciArchiveTest, existing_file_is_refused_at_once_and_at_the_end) {
  directory_.write("image.tar", "precious");
  try {
    open_oci_archive(file(), OpenMode::write);
    FAIL() << "no error";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), EEXIST);
    EXPECT_THAT(error.what(), HasSubstr("remove the file or choose another name"));
  }
  const auto archive = open_oci_archive(file("late.tar"), OpenMode::write);
  put_image(*archive, "v1", "content");
  directory_.write("late.tar", "precious");
  EXPECT_THROW(archive->finish(), StoreError);
  EXPECT_EQ(directory_.read("late.tar"), "precious");
}

TEST_F(OciArchiveTest, directory_that_is_missing_is_an_error_at_once) {
  EXPECT_THROW(open_oci_archive(file("missing/image.tar"), OpenMode::write), StoreError);
}

TEST_F(OciArchiveTest, compressed_archives_are_read) {
  const auto index = write_archive();
  const std::string bytes = directory_.read("image.tar");
  const std::pair<std::string, std::unique_ptr<codec::UnitEncoder>> encoders[] = {
      {"image.tar.gz", codec::make_gzip_encoder(1)}, {"image.tar.zst", codec::make_zstd_encoder(1)}};
  for (const auto& [name, encoder] : encoders) {
    Buffer compressed;
    encoder->encode(as_bytes(bytes), compressed);
    directory_.write(name, as_text(compressed.view()));
    const auto archive = open_oci_archive(file(name), OpenMode::read);
    EXPECT_EQ(archive->get_manifest("v1", {}).bytes, index.bytes) << name;
  }
}

TEST_F(OciArchiveTest, blob_from_a_layout_is_linked_into_the_archive) {
  const auto layout = open_oci_layout(file("layout"), OpenMode::write);
  const auto image = put_image(*layout, "v1", "content");
  const auto manifest = oci::parse_manifest(image.bytes);
  const auto archive = open_oci_archive(file(), OpenMode::write);
  EXPECT_TRUE(archive->mount_blob(manifest.layers[0], *layout, {}));
  EXPECT_TRUE(archive->mount_blob(manifest.config, *layout, {}));
  archive->put_manifest(image, "v1", {});
  archive->finish();
  EXPECT_EQ(read_blob(*open_oci_archive(file(), OpenMode::read), manifest.layers[0]), "content");
  EXPECT_EQ(read_blob(*layout, manifest.layers[0]), "content") << "packing took the link, not the blob";
}

TEST_F(OciArchiveTest, referrers_are_found) {
  const auto writer = open_oci_archive(file(), OpenMode::write);
  const auto image = put_image(*writer, "v1", "content");
  const auto referrer = put_referrer(*writer, "", image.descriptor);
  writer->finish();
  const auto archive = open_oci_archive(file(), OpenMode::read);
  ASSERT_EQ(archive->list_referrers(image.descriptor.digest, {}).size(), 1U);
  EXPECT_EQ(archive->list_referrers(image.descriptor.digest, {})[0].digest, referrer.descriptor.digest);
}

TEST_F(OciArchiveTest, archive_opened_for_reading_cannot_be_written_to) {
  write_archive();
  const auto archive = open_oci_archive(file(), OpenMode::read);
  EXPECT_THROW(archive->create_blob(0, {}), UnsupportedError);
  EXPECT_THROW(archive->put_manifest(archive->get_manifest("v1", {}), "v3", {}), UnsupportedError);
  EXPECT_THROW(archive->mount_blob(oci::describe("t", ""), *make_memory_repository("m"), {}), UnsupportedError);
}

TEST_F(OciArchiveTest, cancel_stops_packing_and_leaves_nothing) {
  CancelSource source;
  {
    const auto archive = open_oci_archive(file(), OpenMode::write);
    const auto image = put_image(*archive, "v1", "content");
    archive->put_manifest(image, "v2", source.token());
    source.cancel();
    EXPECT_THROW(archive->finish(), Cancelled);
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(OciArchiveTest, files_that_are_no_archive_of_a_layout_are_refused) {
  write_archive();
  const std::string good = directory_.read("image.tar");
  const std::string version = R"({"imageLayoutVersion":"1.0.0"})";
  const std::pair<std::string, std::string> cases[] = {
      {"", "0 bytes are no archive"},
      {"garbage " + std::string(2000, 'x'), "tar header checksum mismatch"},
      {std::string("\x1F\x8B\x08") + std::string(100, 'x'), "save it again"},
      {good.substr(0, good.size() / 2), "the tar stream ends inside the content"},
      {TarBuilder().file("other").end().text(), "no file oci-layout in it; this is no archive of an OCI image layout"},
      {TarBuilder().file("manifest.json", "[]").end().text(), "use docker-archive:"},
      {TarBuilder().file("oci-layout", version).end().text(), "no file index.json in it"},
      {TarBuilder().file("oci-layout", version).file("index.json", "{").end().text(), "index: this is no JSON"},
      {TarBuilder().file("oci-layout", version).file("index.json", std::string((16U << 20U) + 1, ' ')).end().text(),
       "index.json has 16777217 bytes"},
      {TarBuilder().symlink("oci-layout", "b").symlink("b", "oci-layout").end().text(), "is a link in a circle"},
      {TarBuilder().symlink("oci-layout", "../../../../etc/passwd").end().text(), "no file oci-layout in it"},
  };
  int number = 0;
  for (const auto& [bytes, message] : cases) {
    const std::string name = std::to_string(++number) + ".tar";
    directory_.write(name, bytes);
    try {
      open_oci_archive(file(name), OpenMode::read);
      ADD_FAILURE() << "accepted: " << message;
    } catch (const FormatError& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
      EXPECT_THAT(error.what(), HasSubstr(name));
    }
  }
  EXPECT_THROW(open_oci_archive(file("missing.tar"), OpenMode::read), StoreError);
  EXPECT_THROW(open_oci_archive(directory_.path().string(), OpenMode::read), StoreError);
}

TEST_F(OciArchiveTest, names_are_cleaned_and_the_last_of_two_counts) {
  const auto image = put_image(*open_oci_layout(file("layout"), OpenMode::write), "v1", "content");
  const std::string digest = image.descriptor.digest.hex();
  directory_.write("image.tar", TarBuilder()
                                    .file("./oci-layout", directory_.read("layout/oci-layout"))
                                    .file("index.json", "{}")
                                    .file("./blobs/sha256/" + digest, image.bytes)
                                    .file("./index.json", directory_.read("layout/index.json"))
                                    .end()
                                    .text());
  EXPECT_EQ(open_oci_archive(file(), OpenMode::read)->get_manifest("v1", {}).bytes, image.bytes);
}

TEST_F(OciArchiveTest, damaged_blob_is_an_error_when_it_is_read) {
  write_archive();
  std::string bytes = directory_.read("image.tar");
  bytes[bytes.find("xxxx")] = 'y';
  directory_.write("image.tar", bytes);
  const auto archive = open_oci_archive(file(), OpenMode::read);
  const auto children = oci::parse_index(archive->get_manifest("v1", {}).bytes).manifests;
  const auto child = archive->get_manifest(children[1].digest.to_string(), {});
  EXPECT_THROW(read_blob(*archive, oci::parse_manifest(child.bytes).layers[0]), DigestMismatch);
}

}  // namespace
}  // namespace accel::store
