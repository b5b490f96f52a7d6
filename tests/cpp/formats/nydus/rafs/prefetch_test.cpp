#include "accel/formats/nydus/rafs/prefetch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "formats/nydus/sample_rafs.hpp"

namespace accel::formats::nydus {
namespace {

using Paths = std::vector<std::string>;

Paths targets(const Paths& patterns) {
  testing::RafsBuilder builder;
  builder.directory("/etc").file("/etc/hosts").directory("/usr").directory("/usr/bin").file("/usr/bin/env");
  Paths found;
  for (const PrefetchTarget& target : prefetch_targets(builder.rafs.tree, patterns)) {
    EXPECT_EQ(builder.rafs.tree.path(target.name), target.path);
    found.push_back(target.path);
  }
  return found;
}

TEST(PrefetchTargets, follow_the_rules_of_the_specification) {  // rafs-v6.md 14
  struct Case {
    Paths patterns, expected;
  };
  const std::vector<Case> cases{
      {{}, {}},
      {{"/"}, {"/"}},
      {{"/usr", "/etc"}, {"/usr", "/etc"}},
      {{"/etc/hosts", "/etc"}, {"/etc/hosts", "/etc"}},
      {{"/etc", "/etc/hosts"}, {"/etc"}},
      {{"/", "/etc", "/usr/bin"}, {"/"}},
      {{"/usr", "/usr", "/usrlocal"}, {"/usr"}},
      {{"/usr//bin/./", "/usr/bin/env"}, {"/usr/bin"}},
      {{"/none", "/none/below", "/etc"}, {"/etc"}},
      {{"etc", "", "./usr"}, {}},
      {{"/et"}, {}},
  };
  for (const Case& item : cases) EXPECT_EQ(targets(item.patterns), item.expected);
}

}  // namespace
}  // namespace accel::formats::nydus
