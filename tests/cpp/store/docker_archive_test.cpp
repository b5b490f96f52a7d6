#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/store/stores.hpp"
#include "support/sample_image.hpp"
#include "support/tar_builder.hpp"
#include "support/temp_directory.hpp"

namespace accel::store {
namespace {

using accel::testing::read_blob;
using accel::testing::TarBuilder;
using accel::testing::TempDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string config_of(const std::vector<std::string>& layers) {
  oci::ImageConfig config;
  config.platform = oci::Platform::parse("linux/amd64");
  for (const auto& layer : layers) config.diff_ids.push_back(hash::sha256(as_bytes(layer)));
  return oci::to_json(config, false);
}

std::string gzip(const std::string& text) {
  Buffer out;
  codec::make_gzip_encoder(6)->encode(as_bytes(text), out);
  return to_string(out.view());
}

class DockerArchiveTest : public ::testing::Test {
 protected:
  std::shared_ptr<oci::Repository> open(const TarBuilder& tar) const {
    return open_docker_archive(directory_.write("image.tar", tar.text()).string());
  }
  /// The message of the FormatError that opening `tar` throws.
  std::string error_of(const TarBuilder& tar) const {
    try {
      open(tar);
      ADD_FAILURE() << "accepted";
    } catch (const FormatError& error) {
      return error.what();
    }
    return {};
  }

  const TempDirectory directory_;
  // Layers are plain text: an archive does not look into them.
  const std::string one_ = "layer one", two_ = "layer two, longer";
};

TEST_F(DockerArchiveTest, old_output_of_docker_save_is_read) {
  // A directory for each layer; a layer that occurs twice is a link the second time.
  const auto archive =
      open(TarBuilder()
               .directory("1/")
               .file("1/VERSION", "1.0")
               .file("1/layer.tar", one_)
               .file("2/layer.tar", two_)
               .symlink("3/layer.tar", "../1/layer.tar")
               .file("config.json", config_of({one_, two_, one_}))
               .file("manifest.json", R"([{"Config":"config.json","RepoTags":["app:1","registry.example/app:2"],)"
                                      R"("Layers":["1/layer.tar","2/layer.tar","3/layer.tar"]}])")
               .file("repositories", "{}")
               .end());
  EXPECT_THAT(archive->list_tags({}), ElementsAre("app:1", "registry.example/app:2"));
  const auto raw = archive->get_manifest("app:1", {});
  EXPECT_EQ(raw.descriptor.media_type, oci::kOciManifest);
  const auto manifest = oci::parse_manifest(raw.bytes);
  EXPECT_EQ(manifest.config.media_type, oci::kOciConfig);
  EXPECT_EQ(read_blob(*archive, manifest.config), config_of({one_, two_, one_}));
  ASSERT_EQ(manifest.layers.size(), 3U);
  EXPECT_EQ(manifest.layers[0].media_type, oci::kOciLayer);
  EXPECT_EQ(manifest.layers[2], manifest.layers[0]);
  EXPECT_EQ(read_blob(*archive, manifest.layers[1]), two_);
  EXPECT_EQ(read_blob(*archive, manifest.layers[2]), one_);
}

TEST_F(DockerArchiveTest, new_output_of_docker_save_is_read) {
  const std::string config = config_of({one_, two_});
  const std::string two = gzip(two_);
  const auto path = [](const std::string& bytes) { return "blobs/sha256/" + hash::sha256(as_bytes(bytes)).hex(); };
  const auto archive =
      open(TarBuilder()
               .file(path(one_), one_)
               .file(path(two), two)
               .file(path(config), config)
               .file("index.json", "{}")
               .file("manifest.json", R"([{"Config":")" + path(config) + R"(","RepoTags":null,)" + R"("Layers":[")" +
                                          path(one_) + R"(",")" + path(two) + R"("],"LayerSources":{}}])")
               .file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})")
               .end());
  const auto manifest = oci::parse_manifest(archive->get_manifest("", {}).bytes);
  EXPECT_EQ(manifest.layers[0].media_type, oci::kOciLayer);
  EXPECT_EQ(manifest.layers[1].media_type, oci::kOciLayerGzip);
  EXPECT_EQ(read_blob(*archive, manifest.layers[0]), one_);
  EXPECT_EQ(read_blob(*archive, manifest.layers[1]), two);
}

TEST_F(DockerArchiveTest, compressed_layer_under_any_name_gets_the_digest_of_its_bytes) {
  const std::string compressed = gzip(one_);
  const auto archive =
      open(TarBuilder()
               .file("layer.tar.gz", compressed)
               .file("c", config_of({one_}))
               .file("manifest.json", R"([{"Config":"c","RepoTags":["app:1"],"Layers":["layer.tar.gz"]}])")
               .end());
  const auto manifest = oci::parse_manifest(archive->get_manifest("", {}).bytes);
  EXPECT_EQ(manifest.layers[0].digest, hash::sha256(as_bytes(compressed)));
  EXPECT_EQ(manifest.layers[0].media_type, oci::kOciLayerGzip);
  EXPECT_EQ(read_blob(*archive, manifest.layers[0]), compressed);
}

TEST_F(DockerArchiveTest, image_is_found_by_any_way_to_write_its_reference) {
  const auto archive =
      open(TarBuilder()
               .file("a", config_of({}))
               .file("b", R"({"rootfs":{"diff_ids":[]},"os":"linux"})")
               .file("manifest.json", R"([{"Config":"a","RepoTags":["app:1"],"Layers":null},)"
                                      R"({"Config":"b","RepoTags":["docker.io/library/other:latest"]}])")
               .end());
  const auto app = archive->get_manifest("app:1", {}).descriptor;
  EXPECT_EQ(archive->get_manifest("docker.io/library/app:1", {}).descriptor, app);
  EXPECT_EQ(archive->get_manifest("library/app:1", {}).descriptor, app);
  EXPECT_EQ(archive->get_manifest(app.digest.to_string(), {}).descriptor, app);
  EXPECT_NE(archive->get_manifest("other", {}).descriptor, app);
  EXPECT_EQ(archive->stat_manifest("app", {}), std::nullopt);
  try {
    archive->get_manifest("", {});
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("choose one of app:1, docker.io/library/other:latest"));
  }
  try {
    archive->get_manifest("missing", {});
    FAIL() << "no error";
  } catch (const NotFound& error) {
    EXPECT_THAT(error.what(), HasSubstr("its tags are app:1, docker.io/library/other:latest"));
  }
}

TEST_F(DockerArchiveTest, plain_layer_that_is_not_what_its_diff_id_says_fails_when_read) {
  const auto archive = open(TarBuilder()
                                .file("layer.tar", "LAYER ONE")
                                .file("c", config_of({one_}))
                                .file("manifest.json", R"([{"Config":"c","Layers":["layer.tar"]}])")
                                .end());
  const auto manifest = oci::parse_manifest(archive->get_manifest("", {}).bytes);
  EXPECT_THROW(read_blob(*archive, manifest.layers[0]), DigestMismatch);
}

TEST_F(DockerArchiveTest, same_archive_gives_the_same_manifest) {
  const TarBuilder tar = TarBuilder()
                             .file("layer.tar", one_)
                             .file("c", config_of({one_}))
                             .file("manifest.json", R"([{"Config":"c","RepoTags":["app:1"],"Layers":["layer.tar"]}])")
                             .end();
  EXPECT_EQ(open(tar)->get_manifest("", {}).bytes, open(tar)->get_manifest("app:1", {}).bytes);
}

TEST_F(DockerArchiveTest, bad_archives_are_refused_with_the_reason) {
  const auto with_manifest = [&](const std::string& manifest) {
    return TarBuilder().file("c", config_of({one_})).file("l", one_).file("manifest.json", manifest).end();
  };
  const std::pair<TarBuilder, std::string> cases[] = {
      {TarBuilder().file("other").end(), "no file manifest.json in it; this is no output of docker save"},
      {TarBuilder().file("oci-layout", "{}").end(), "use oci-archive:"},
      {with_manifest("{}"), "manifest.json: want an array, got an object"},
      {with_manifest("[1]"), "manifest.json[0]: want an object, got 1"},
      {with_manifest("[{}]"), "manifest.json[0]: no member \"Config\""},
      {with_manifest(R"([{"Config":"x"}])"), "no file x in it"},
      {with_manifest(R"([{"Config":"l"}])"), "config: this is no JSON"},
      {with_manifest(R"([{"Config":"c","Layers":[]}])"), "0 layers, but its config has 1 diffIDs"},
      {with_manifest(R"([{"Config":"c","Layers":["x"]}])"), "layer x is not in the archive; save the image again"},
      {with_manifest(R"([{"Config":"c","Layers":["../../../etc/passwd"]}])"), "layer ../../../etc/passwd is not in"},
      {with_manifest(R"([{"Config":"c","Layers":[1]}])"), "manifest.json[0]: Layers[0]: want a string, got 1"},
  };
  for (const auto& [tar, message] : cases) EXPECT_THAT(error_of(tar), HasSubstr(message));
}

TEST_F(DockerArchiveTest, archive_cannot_be_written_to) {
  const auto archive = open(TarBuilder().file("manifest.json", "[]").end());
  EXPECT_THROW(archive->create_blob(0, {}), UnsupportedError);
  EXPECT_THROW(archive->get_manifest("", {}), NotFound);
}

}  // namespace
}  // namespace accel::store
