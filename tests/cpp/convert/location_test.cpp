#include "accel/convert/location.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accel/base/error.hpp"

namespace accel::convert {
namespace {

using Transport = Location::Transport;
using ::testing::HasSubstr;

const std::string kDigest = "sha256:" + std::string(64, 'a');

struct Case {
  std::string text;
  Transport transport;
  std::string place, tag, printed;
};

class LocationForms : public ::testing::TestWithParam<Case> {};

TEST_P(LocationForms, are_read_and_printed) {
  const Case& wanted = GetParam();
  const Location location = Location::parse(wanted.text);
  EXPECT_EQ(location.transport, wanted.transport);
  EXPECT_EQ(location.transport == Transport::registry ? location.reference.name() : location.path, wanted.place);
  EXPECT_EQ(location.tag, wanted.tag);
  EXPECT_EQ(location.to_string(), wanted.printed);
  EXPECT_EQ(Location::parse(location.to_string()).to_string(), wanted.printed);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LocationForms,
    ::testing::Values(
        Case{"nginx", Transport::registry, "docker.io/library/nginx", "latest", "docker.io/library/nginx:latest"},
        Case{"docker://localhost:5000/app:1", Transport::registry, "localhost:5000/app", "1", "localhost:5000/app:1"},
        Case{"localhost:5000/app@" + kDigest, Transport::registry, "localhost:5000/app", kDigest,
             "localhost:5000/app@" + kDigest},
        Case{"localhost:5000/app:1@" + kDigest, Transport::registry, "localhost:5000/app", kDigest,
             "localhost:5000/app:1@" + kDigest},
        Case{"oci:dir", Transport::oci_layout, "dir", "", "oci:dir"},
        Case{"oci:/a/b:v1", Transport::oci_layout, "/a/b", "v1", "oci:/a/b:v1"},
        Case{"oci:dir:" + kDigest, Transport::oci_layout, "dir", kDigest, "oci:dir:" + kDigest},
        Case{"oci-archive:f.tar:v1", Transport::oci_archive, "f.tar", "v1", "oci-archive:f.tar:v1"},
        Case{"docker-archive:f.tar:localhost:5000/app:1", Transport::docker_archive, "f.tar", "localhost:5000/app:1",
             "docker-archive:f.tar:localhost:5000/app:1"}));

TEST(Location, wrong_texts_are_refused_with_the_accepted_forms) {
  for (const char* text : {"", "oci:", "oci:dir:", "oci-archive::tag", "https://host/app", "docker-daemon:app:1",
                           "containers-storage:app", "host/UPPER", "host/app:tag:tag", "app@sha256:12"}) {
    try {
      static_cast<void>(Location::parse(text));
      ADD_FAILURE() << text;
    } catch (const InvalidReference& error) {
      EXPECT_FALSE(error.hint().empty() && error.message().empty()) << text;
    }
  }
  try {
    static_cast<void>(Location::parse("docker-daemon:app:1"));
  } catch (const InvalidReference& error) {
    EXPECT_THAT(error.what(), HasSubstr("transport 'docker-daemon' is not supported"));
    EXPECT_THAT(error.what(), HasSubstr("oci-archive:FILE[:TAG]"));
  }
}

TEST(Location, target_without_a_tag_gets_latest) {
  EXPECT_EQ(parse_target_location("oci:dir").to_string(), "oci:dir:latest");
  EXPECT_EQ(parse_target_location("localhost:5000/app").tag, "latest");
}

TEST(Location, target_cannot_be_a_digest_or_a_docker_archive) {
  EXPECT_THROW(parse_target_location("localhost:5000/app@" + kDigest), InvalidReference);
  EXPECT_THROW(parse_target_location("oci:dir:" + kDigest), InvalidReference);
  EXPECT_THROW(parse_target_location("docker-archive:f.tar"), UnsupportedError);
}

TEST(Location, cache_is_kept_where_it_can_be_changed) {
  EXPECT_EQ(parse_cache_location("localhost:5000/app:cache").tag, "cache");
  EXPECT_EQ(parse_cache_location("oci:dir:cache").to_string(), "oci:dir:cache");
  EXPECT_THROW(parse_cache_location("oci-archive:f.tar:cache"), ConfigError);
  EXPECT_THROW(parse_cache_location("docker-archive:f.tar"), UnsupportedError);
}

}  // namespace
}  // namespace accel::convert
