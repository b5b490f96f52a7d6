#include "accel/formats/nydus/rafs/xattr.hpp"

#include <gtest/gtest.h>

#include <string>

namespace accel::formats::nydus {
namespace {

TEST(Xattr, names_are_split_where_erofs_splits_them) {  // rafs-v6.md 11
  struct Case {
    std::string name;
    int prefix;  // 0: none
    std::string suffix;
  };
  const Case cases[] = {{"user.mime", 1, "mime"},
                        {"system.posix_acl_access", 2, ""},
                        {"system.posix_acl_default", 3, ""},
                        {"trusted.overlay.opaque", 4, "overlay.opaque"},
                        {"security.capability", 6, "capability"},
                        {"user.", 0, ""},
                        {"system.posix_acl_access2", 0, ""},
                        {"system.nfs4_acl", 0, ""},
                        {"com.apple.provenance", 0, ""},
                        {"", 0, ""}};
  for (const Case& item : cases) {
    const auto split = split_xattr(item.name);
    ASSERT_EQ(split.has_value(), item.prefix != 0) << item.name;
    if (!split) continue;
    EXPECT_EQ(split->prefix, item.prefix) << item.name;
    EXPECT_EQ(split->suffix, item.suffix) << item.name;
  }
}

TEST(Xattr, sizes_are_those_on_disk) {
  EXPECT_EQ(xattr_size_v6({}), 0U);
  EXPECT_EQ(xattr_size_v6({{"user.ab", "xyz"}}), 12U + 12);  // 4 + 2 + 3, padded
  EXPECT_EQ(xattr_size_v6({{"user.a", "xyz"}, {"system.posix_acl_access", ""}}), 12U + 8 + 4);
  EXPECT_EQ(xattr_size_v5({{"user.ab", "xyz"}}), 4U + 7 + 1 + 3);
}

TEST(Xattr, limits_are_those_of_the_version) {
  const std::string full(65535, 'v');
  EXPECT_EQ(xattr_problem({{"user.a", full}}, FsVersion::v6), "");
  EXPECT_EQ(xattr_problem({{"user.a", full + "v"}}, FsVersion::v6),
            "extended attribute user.a has 65536 bytes, at most 65535 fit");
  EXPECT_EQ(xattr_problem({{"user.a", full + "v"}}, FsVersion::v5), "");
  EXPECT_EQ(xattr_problem({{"user." + std::string(250, 'n'), ""}}, FsVersion::v6), "");
  EXPECT_NE(xattr_problem({{"user." + std::string(251, 'n'), ""}}, FsVersion::v5), "");
  EXPECT_NE(xattr_problem({{std::string("user.a\0b", 8), ""}}, FsVersion::v6), "");
  // 65534 units of 4 bytes behind the header: four values of 65,528 bytes with names of one letter and one shorter.
  Xattrs set;
  for (const char* const name : {"user.a", "user.b", "user.c"}) set[name] = std::string(65531, 'v');
  set["user.d"] = std::string(65536 * 4 - 8 - 3 * 65536 - 5, 'v');
  EXPECT_EQ(xattr_size_v6(set), 12U + 65534U * 4);
  EXPECT_EQ(xattr_problem(set, FsVersion::v6), "");
  set["user.d"] += "vvvv";
  EXPECT_NE(xattr_problem(set, FsVersion::v6), "");
}

}  // namespace
}  // namespace accel::formats::nydus
