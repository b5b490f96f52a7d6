#include "accel/oci/platform.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"

namespace accel::oci {
namespace {

TEST(Platform, aliases_are_normalised_as_containerd_does) {
  const std::pair<std::string, std::string> cases[] = {
      {"linux/amd64", "linux/amd64"},
      {"linux/x86_64", "linux/amd64"},
      {"linux/x86-64", "linux/amd64"},
      {"Linux/AMD64", "linux/amd64"},
      {"linux/amd64/v1", "linux/amd64"},
      {"linux/amd64/v3", "linux/amd64/v3"},
      {"linux/i386", "linux/386"},
      {"linux/386", "linux/386"},
      {"linux/aarch64", "linux/arm64"},
      {"linux/arm64/v8", "linux/arm64"},
      {"linux/arm64/8", "linux/arm64"},
      {"linux/arm64/v9", "linux/arm64/v9"},
      {"linux/arm", "linux/arm/v7"},
      {"linux/arm/6", "linux/arm/v6"},
      {"linux/armhf", "linux/arm/v7"},
      {"linux/armel", "linux/arm/v6"},
      {"linux/riscv64", "linux/riscv64"},
      {"macos/arm64", "darwin/arm64"},
      {"unknown/unknown", "unknown/unknown"},
  };
  for (const auto& [text, normalised] : cases) EXPECT_EQ(Platform::parse(text).to_string(), normalised) << text;
}

TEST(Platform, text_that_is_no_platform_is_refused) {
  for (const std::string text : {"", "linux", "linux/", "/amd64", "linux//v8", "linux/arm/v7/x", "li nux/amd64",
                                 "linux/amd64,linux/arm64", "linux/\xC3\xA4"}) {
    EXPECT_THROW(Platform::parse(text), ConfigError) << text;
  }
}

TEST(Platform, image_matches_what_was_wanted) {
  struct Case {
    Platform image;
    std::string wanted;
    bool matches;
  };
  const auto image = [](std::string os, std::string architecture, std::string variant = {}) {
    Platform platform;
    platform.os = std::move(os);
    platform.architecture = std::move(architecture);
    platform.variant = std::move(variant);
    return platform;
  };
  const Case cases[] = {
      {image("linux", "amd64"), "linux/amd64", true},       {image("linux", "x86_64"), "linux/amd64", true},
      {image("linux", "amd64", "v3"), "linux/amd64", true}, {image("linux", "amd64"), "linux/amd64/v3", false},
      {image("linux", "arm64", "v8"), "linux/arm64", true}, {image("linux", "arm64"), "linux/arm64/v8", true},
      {image("linux", "arm64", "v9"), "linux/arm64", true}, {image("linux", "arm", "v7"), "linux/arm", true},
      {image("linux", "arm"), "linux/arm/v7", true},        {image("linux", "arm", "v6"), "linux/arm", false},
      {image("linux", "ppc64le"), "linux/amd64", false},    {image("windows", "amd64"), "linux/amd64", false},
      {image("unknown", "unknown"), "linux/amd64", false},
  };
  for (const auto& [have, wanted, matches] : cases) {
    EXPECT_EQ(have.matches(Platform::parse(wanted)), matches) << have.to_string() << " for " << wanted;
  }
}

TEST(Platform, wanted_os_version_must_be_equal) {
  Platform image = Platform::parse("windows/amd64");
  Platform wanted = image;
  image.os_version = "10.0.20348.1";
  EXPECT_TRUE(image.matches(wanted));
  wanted.os_version = "10.0.17763.1";
  EXPECT_FALSE(image.matches(wanted));
}

TEST(Platform, host_is_linux_and_normalised) {
  const Platform host = host_platform();
  EXPECT_EQ(host.os, "linux");
  EXPECT_EQ(Platform::parse(host.to_string()), host);
}

}  // namespace
}  // namespace accel::oci
