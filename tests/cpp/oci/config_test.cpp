#include "accel/oci/config.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"
#include "accel/oci/json.hpp"

namespace accel::oci {
namespace {

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');
const std::string kC = "sha256:" + std::string(64, 'c');

// As Docker writes it: members in an order of its own, numbers and nulls that must survive.
const std::string kDocument =
    R"({"architecture":"arm64","variant":"v8","config":{"Hostname":"","Env":["PATH=/bin"],"Image":"sha256:1",)"
    R"("Labels":null},"container":"x","container_config":{"Image":"sha256:2","Cmd":["a"]},"created":"2024-01-02T03:04:05.678Z",)"
    R"("docker_version":"24","history":[{"created":"t","created_by":"ADD"},{"created_by":"ENV","empty_layer":true}],)"
    R"("os":"linux","big":123456789012345678901234567890,"rootfs":{"type":"layers","diff_ids":[")" +
    kA + R"("]},"Size":1.10})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Config, what_conversion_needs_is_read) {
  const ImageConfig config = parse_config(kDocument);
  EXPECT_EQ(config.platform.to_string(), "linux/arm64/v8");
  ASSERT_EQ(config.diff_ids.size(), 1U);
  EXPECT_EQ(config.diff_ids[0].to_string(), kA);
  ASSERT_EQ(config.history.size(), 2U);
  EXPECT_FALSE(config.history[0].empty_layer);
  EXPECT_TRUE(config.history[1].empty_layer);
  EXPECT_EQ(config.history[1].json, R"({"created_by":"ENV","empty_layer":true})");
  EXPECT_EQ(non_empty_history(config), 1U);
  EXPECT_EQ(config.document, kDocument);
}

TEST(Config, unchanged_config_comes_out_as_it_went_in) {
  EXPECT_EQ(to_json(parse_config(kDocument), false), kDocument);
}

TEST(Config, only_diff_ids_and_history_change) {
  ImageConfig config = parse_config(kDocument);
  config.diff_ids = {Digest::parse(kB), Digest::parse(kC)};
  config.history.push_back({R"({"created_by":"Nydus Converter"})", false});
  std::string expected = replaced(kDocument, "[\"" + kA + "\"]", "[\"" + kB + "\",\"" + kC + "\"]");
  expected = replaced(expected, R"("empty_layer":true}])", R"("empty_layer":true},{"created_by":"Nydus Converter"}])");
  EXPECT_EQ(to_json(config, false), expected);
}

TEST(Config, parent_image_goes_when_asked) {
  std::string expected = replaced(kDocument, R"("Image":"sha256:1",)", "");
  expected = replaced(expected, R"("Image":"sha256:2",)", "");
  EXPECT_EQ(to_json(parse_config(kDocument), true), expected);
}

TEST(Config, history_is_neither_invented_nor_left_behind) {
  const std::string none = R"({"os":"linux","rootfs":{"type":"layers","diff_ids":[]}})";
  EXPECT_EQ(to_json(parse_config(none), false), none);
  const std::string null = R"({"os":"linux","history":null,"rootfs":{"type":"layers","diff_ids":[]}})";
  EXPECT_EQ(to_json(parse_config(null), false), null);
  ImageConfig config = parse_config(kDocument);
  config.history.clear();
  EXPECT_EQ(to_json(config, false).find("\"history\""), std::string::npos);
  config = parse_config(none);
  config.history = {{"{}", false}};
  EXPECT_EQ(to_json(config, false), R"({"os":"linux","rootfs":{"type":"layers","diff_ids":[]},"history":[{}]})");
}

TEST(Config, config_without_a_document_is_a_minimal_one) {
  ImageConfig config;
  config.platform = Platform::parse("linux/amd64");
  config.diff_ids = {Digest::parse(kA)};
  const std::string text = to_json(config, false);
  EXPECT_EQ(text, R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" + kA + R"("]}})");
  EXPECT_EQ(parse_config(text).diff_ids, config.diff_ids);
}

TEST(Config, empty_config_of_a_cache_image_is_accepted) {
  const ImageConfig config =
      parse_config(R"({"architecture":"","os":"","config":{},"rootfs":{"type":"","diff_ids":null}})");
  EXPECT_TRUE(config.diff_ids.empty());
}

TEST(Config, config_of_an_artifact_is_named_so) {
  try {
    parse_config("{}");
    FAIL() << "no error";
  } catch (const FormatError& error) {
    EXPECT_STREQ(error.what(),
                 "config: no member \"rootfs\": this is no image config; "
                 "the manifest describes an artifact, not a container image");
  }
}

TEST(Config, bad_configs_are_refused_by_name) {
  const std::pair<std::string, std::string> cases[] = {
      {"[]", "config: want an object, got an array"},
      {R"({"rootfs":[]})", "config: rootfs: want an object, got an array"},
      {R"({"rootfs":{"type":"layers+base"}})", "config: rootfs.type: want \"layers\", got \"layers+base\""},
      {R"({"rootfs":{"diff_ids":["x"]}})", "config: rootfs.diff_ids[0]: want a sha256 or sha512 digest, got \"x\""},
      {R"({"rootfs":{"diff_ids":"x"}})", "config: rootfs.diff_ids: want an array, got a string"},
      {R"({"rootfs":{},"history":{}})", "config: history: want an array, got an object"},
      {R"({"rootfs":{},"history":[1]})", "config: history[0]: want an object, got 1"},
      {R"({"rootfs":{},"history":[{"empty_layer":1}]})", "config: history[0].empty_layer: want true or false, got 1"},
      {R"({"rootfs":{},"os":1})", "config: os: want a string, got 1"},
      {R"({"rootfs":{},"rootfs":{}})", "config: key \"rootfs\" occurs twice in one object"},
  };
  for (const auto& [text, message] : cases) {
    try {
      parse_config(text);
      ADD_FAILURE() << "accepted: " << text;
    } catch (const FormatError& error) {
      EXPECT_EQ(error.message(), message);
    }
  }
}

TEST(Config, history_that_is_no_json_cannot_be_written) {
  ImageConfig config = parse_config(kDocument);
  config.history.push_back({R"({"created_by":")", false});
  EXPECT_THROW(to_json(config, false), FormatError);
}

}  // namespace
}  // namespace accel::oci
