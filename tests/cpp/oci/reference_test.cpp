#include "accel/oci/reference.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"

namespace accel::oci {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(Reference, names_are_completed_as_docker_does) {
  struct Case {
    std::string text, host, repository, tag, digest;
  };
  const Case cases[] = {
      // service.md section 2
      {"nginx", "docker.io", "library/nginx", "latest", ""},
      {"h/nginx:test", "docker.io", "h/nginx", "test", ""},
      {"h/nginx:test@" + kDigest, "docker.io", "h/nginx", "test", kDigest},
      {"h/nginx@" + kDigest, "docker.io", "h/nginx", "", kDigest},
      // where the first component names a host
      {"library/nginx:1.25", "docker.io", "library/nginx", "1.25", ""},
      {"docker.io/nginx", "docker.io", "library/nginx", "latest", ""},
      {"index.docker.io/nginx", "docker.io", "library/nginx", "latest", ""},
      {"docker.io/user/app:1", "docker.io", "user/app", "1", ""},
      {"localhost/app", "localhost", "app", "latest", ""},
      {"localhost:5000/app:1", "localhost:5000", "app", "1", ""},
      {"localhost:5000", "docker.io", "library/localhost", "5000", ""},
      {"host:5000/a/b/c@" + kDigest, "host:5000", "a/b/c", "", kDigest},
      {"registry.example/app", "registry.example", "app", "latest", ""},
      {"Registry/app", "Registry", "app", "latest", ""},
      {"127.0.0.1:5000/app", "127.0.0.1:5000", "app", "latest", ""},
      {"[::1]:5000/app:v1", "[::1]:5000", "app", "v1", ""},
      {"[2001:db8::1]/app", "[2001:db8::1]", "app", "latest", ""},
      {"xn--nxasmm1c.example/app", "xn--nxasmm1c.example", "app", "latest", ""},
      // separators inside components
      {"user/a.b_c__d-e---f:T_.-x", "docker.io", "user/a.b_c__d-e---f", "T_.-x", ""},
      {"0/1:2", "docker.io", "0/1", "2", ""},
  };
  for (const auto& c : cases) {
    const Reference reference = Reference::parse(c.text);
    EXPECT_EQ(reference.host, c.host) << c.text;
    EXPECT_EQ(reference.repository, c.repository) << c.text;
    EXPECT_EQ(reference.tag, c.tag) << c.text;
    EXPECT_EQ(reference.digest.to_string(), c.digest) << c.text;
    EXPECT_EQ(Reference::parse(reference.to_string()), reference) << c.text;
  }
}

TEST(Reference, text_that_is_no_reference_is_refused_with_the_reason) {
  const std::string long_component(250, 'a');
  const std::pair<std::string, std::string> cases[] = {
      {"", "it is empty"},
      {"https://registry.example/app", "it has a scheme"},
      {"docker://app", "it has a scheme"},
      {"App", "must be lower case"},
      {"user/App", "must be lower case"},
      {":tag", "the repository is missing"},
      {"host:5000/", "the repository is missing"},
      {"/app", "bad repository component \"\""},
      {"user//app", "bad repository component \"\""},
      {"user/app/", "bad repository component \"\""},
      {"-app", "bad repository component \"-app\""},
      {"app-", "bad repository component \"app-\""},
      {"a..b", "bad repository component \"a..b\""},
      {"a___b", "bad repository component \"a___b\""},
      {"a._b", "bad repository component \"a._b\""},
      {"a b", "bad repository component \"a b\""},
      {"user/../app", "bad repository component \"..\""},
      {"app:", "bad tag \"\""},
      {"app:.x", "bad tag \".x\""},
      {"app:-x", "bad tag \"-x\""},
      {"app:a+b", "bad tag \"a+b\""},
      {"app:" + std::string(129, 'x'), "the tag has 129 characters"},
      {"app@", "no sha256 or sha512 digest"},
      {"app@sha256:abc", "no sha256 or sha512 digest"},
      {"app@sha256:" + std::string(64, 'A'), "no sha256 or sha512 digest"},
      {"app@md5:" + std::string(32, 'a'), "no sha256 or sha512 digest"},
      {"app@" + kDigest + ":tag", "no sha256 or sha512 digest"},
      {std::string(64, 'a'), "64 hex digits are an image id"},
      {"host:/app", "bad host \"host:\""},
      {"host:0/app", "bad host \"host:0\""},
      {"host:65536/app", "bad host \"host:65536\""},
      {"host:5000x/app", "bad host \"host:5000x\""},
      {"-host.example/app", "bad host \"-host.example\""},
      {"host..example/app", "bad host \"host..example\""},
      {"ho_st.example/app", "bad host \"ho_st.example\""},
      {"[]:5000/app", "bad host \"[]:5000\""},
      {"[::1/app", "bad host \"[::1\""},
      {"[::g]/app", "bad host \"[::g]\""},
      {"[::1]5000/app", "bad host \"[::1]5000\""},
      {"registry.example/" + long_component, "longer than 255 characters"},
  };
  for (const auto& [text, reason] : cases) {
    try {
      Reference::parse(text);
      ADD_FAILURE() << "accepted: " << text;
    } catch (const InvalidReference& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("\"" + text + "\""), std::string::npos) << error.what();
    }
  }
}

TEST(Reference, longest_name_and_tag_are_accepted) {
  const std::string host = "registry.example";
  const std::string repository(255 - host.size() - 1, 'a');
  const Reference reference = Reference::parse(host + "/" + repository + ":" + std::string(kMaxTagLength, 'x'));
  EXPECT_EQ(reference.name().size(), 255U);
}

TEST(Reference, target_is_the_digest_where_there_is_one) {
  EXPECT_EQ(Reference::parse("app:1").target(), "1");
  EXPECT_EQ(Reference::parse("app:1@" + kDigest).target(), kDigest);
  EXPECT_EQ(Reference::parse("app:1@" + kDigest).to_string(), "docker.io/library/app:1@" + kDigest);
}

}  // namespace
}  // namespace accel::oci
