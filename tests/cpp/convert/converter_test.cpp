#include "accel/convert/converter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "accel/base/error.hpp"
#include "accel/convert/inspect.hpp"
#include "accel/oci/reference.hpp"
#include "accel/store/stores.hpp"
#include "convert/image_builder.hpp"
#include "support/temp_directory.hpp"

namespace accel::convert {
namespace {

using namespace testing;  // NOLINT: builders
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// The facade on files, as the command line uses it.
class ConverterTest : public ::testing::Test {
 protected:
  ConverterTest() {
    const auto layout = store::open_oci_layout((directory_ / "in").string(), store::OpenMode::write);
    build_two_platforms(*layout, "v1");
  }
  std::string place(const std::string& name) { return (directory_ / name).string(); }

  TempDirectory directory_;
  Environment environment_;
};

TEST_F(ConverterTest, layouts_and_archives_are_converted_into_each_other_and_checked) {
  ConvertRequest request;
  request.source = "oci:" + place("in") + ":v1";
  request.targets = {{"estargz", {}, "oci:" + place("out") + ":es"},
                     {"zstdchunked", {}, "oci:" + place("out") + ":zc"},
                     {"estargz", {}, "oci-archive:" + place("es.tar") + ":v1"}};
  request.verify = true;
  const ConvertReport report = convert(request, environment_);
  ASSERT_THAT(report.targets, SizeIs(3));
  EXPECT_EQ(report.targets[0].digest, report.targets[2].digest);
  for (const TargetRequest& target : request.targets) {
    const CheckReport checked = check(request.source, target.location, {}, environment_);
    EXPECT_TRUE(checked.equal()) << target.location;
    EXPECT_GT(checked.files, 10U);
  }
}

TEST_F(ConverterTest, two_images_in_one_archive_are_one_session) {
  ConvertRequest request;
  request.source = "oci:" + place("in") + ":v1";
  request.targets = {{"estargz", {}, "oci-archive:" + place("both.tar") + ":es"},
                     {"zstdchunked", {}, "oci-archive:" + place("both.tar") + ":zc"}};
  convert(request, environment_);
  EXPECT_TRUE(
      check("oci-archive:" + place("both.tar") + ":es", "oci-archive:" + place("both.tar") + ":zc", {}, environment_)
          .equal());
}

TEST_F(ConverterTest, source_layout_may_be_the_target_too) {
  ConvertRequest request;
  request.source = "oci:" + place("in") + ":v1";
  request.targets = {{"estargz", {}, "oci:" + place("in") + ":v1-estargz"}};
  convert(request, environment_);
  EXPECT_TRUE(check(request.source, request.targets[0].location, {}, environment_).equal());
}

TEST_F(ConverterTest, copy_gives_the_same_digest) {
  const CopyReport report =
      copy({"oci:" + place("in") + ":v1", "oci-archive:" + place("copy.tar"), true, {}, false}, environment_);
  EXPECT_EQ(report.digest,
            inspect("oci-archive:" + place("copy.tar") + ":latest", {}, environment_).root.digest.to_string());
}

TEST_F(ConverterTest, targets_in_one_place_are_refused_before_any_work) {
  ConvertRequest request;
  request.source = "oci:" + place("nowhere") + ":v1";
  request.targets = {{"estargz", {}, "oci:" + place("out") + ":a"}, {"zstdchunked", {}, "oci:" + place("out") + ":a"}};
  EXPECT_THROW(convert(request, environment_), ConfigError);
  request.targets = {};
  EXPECT_THROW(convert(request, environment_), ConfigError);
  request.targets = {{"estargzz", {}, "oci:" + place("out") + ":a"}};
  EXPECT_THROW(convert(request, environment_), ConfigError);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "out"));
}

TEST_F(ConverterTest, tags_that_grow_too_long_are_refused_before_any_work) {
  ConvertRequest request;
  request.source = "oci:" + place("in") + ":v1";
  const std::string tag(oci::kMaxTagLength - 5, 'a');
  request.targets = {{"zstdchunked", {{"dialect", "joint"}}, "localhost:1/app:" + tag}};
  EXPECT_THROW(convert(request, environment_), InvalidReference);
  request.targets = {{"estargz", {{"external_toc", "true"}}, "localhost:1/app:" + tag}};
  EXPECT_THROW(convert(request, environment_), InvalidReference);
}

TEST_F(ConverterTest, dry_run_makes_no_directory) {
  ConvertRequest request;
  request.source = "oci:" + place("in") + ":v1";
  request.targets = {{"estargz", {}, "oci:" + place("out") + ":a"}};
  request.dry_run = true;
  EXPECT_TRUE(convert(request, environment_).targets.at(0).skipped);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "out"));
}

TEST_F(ConverterTest, error_names_the_source) {
  ConvertRequest request;
  request.source = "oci:" + place("in") + ":v7";
  request.targets = {{"estargz", {}, "oci:" + place("out") + ":a"}};
  try {
    convert(request, environment_);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("convert oci:" + place("in") + ":v7"));
  }
}

TEST_F(ConverterTest, inspect_shows_platforms_layers_and_formats) {
  ConvertRequest request;
  request.source = "oci:" + place("in") + ":v1";
  request.targets = {{"estargz", {}, "oci:" + place("out") + ":es"}};
  convert(request, environment_);
  const InspectReport plain = inspect(request.source, {}, environment_);
  ASSERT_THAT(plain.images, SizeIs(2)) << "attestations are no images";
  EXPECT_EQ(plain.images[0].platform, "linux/amd64");
  EXPECT_EQ(plain.images[0].layers.at(0).format, "tar+gzip");
  EXPECT_EQ(plain.images[1].layers.at(1).format, "tar+zstd");
  EXPECT_EQ(plain.images[0].layers[0].entries, 0U) << "that would need a pass over the data";
  const InspectReport converted =
      inspect(request.targets[0].location, {oci::Platform::parse("linux/arm64")}, environment_);
  ASSERT_THAT(converted.images, SizeIs(1));
  EXPECT_EQ(converted.images[0].layers.at(0).format, "eStargz");
  EXPECT_GT(converted.images[0].layers[0].entries, 5U);
  EXPECT_FALSE(converted.images[0].layers[0].diff_id.empty());
  EXPECT_EQ(converted.root.media_type, oci::kOciIndex);
}

TEST_F(ConverterTest, files_are_listed_alike_from_data_and_from_a_toc) {
  ConvertRequest request;
  request.source = "oci:" + place("in") + ":v1";
  request.targets = {{"estargz", {}, "oci:" + place("out") + ":es"}};
  convert(request, environment_);
  using Files = std::map<std::string, std::string>;
  const auto list = [&](const std::string& location) {
    Files files;
    list_files(location, oci::Platform::parse("linux/amd64"), environment_,
               [&](const std::string& path, const fs::Node& node) { files[path] = node.content.to_string(); });
    return files;
  };
  const Files plain = list(request.source);
  EXPECT_EQ(plain.size(), 13U);
  EXPECT_EQ(plain, list(request.targets[0].location));
}

TEST_F(ConverterTest, layout_can_hold_the_cache_and_is_made_by_the_first_write) {
  ConvertRequest request;
  request.source = "oci:" + place("in") + ":v1";
  request.targets = {{"estargz", {}, "oci:" + place("out") + ":es"}};
  request.cache.location = "oci:" + place("cache") + ":c";
  request.dry_run = true;
  convert(request, environment_);
  EXPECT_FALSE(std::filesystem::exists(place("cache")));
  request.dry_run = false;
  EXPECT_EQ(convert(request, environment_).cache.hits, 0U);
  const ConvertReport warm = convert(request, environment_);
  EXPECT_GT(warm.cache.hits, 0U);
  EXPECT_EQ(warm.cache.misses, 0U);
  request.cache.capacity = 0;
  EXPECT_EQ(convert(request, environment_).cache.reference, "");
}

TEST_F(ConverterTest, cache_must_be_a_place_of_its_own) {
  ConvertRequest request;
  request.source = "oci:" + place("in") + ":v1";
  request.targets = {{"estargz", {}, "oci:" + place("out") + ":es"}};
  for (const std::string& cache : {request.source, request.targets[0].location}) {
    request.cache.location = cache;
    EXPECT_THROW(convert(request, environment_), ConfigError);
  }
}

}  // namespace
}  // namespace accel::convert
