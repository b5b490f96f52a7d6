#include "accel/formats/estargz/plan.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"

namespace accel::formats::estargz {
namespace {

using Kind = StagedEntry::Kind;

StagedEntry file(std::string path) { return {std::move(path), "", Kind::other}; }
StagedEntry dir(std::string path) { return {std::move(path), "", Kind::directory}; }
StagedEntry link(std::string path, std::string target) { return {std::move(path), std::move(target), Kind::hardlink}; }

/// "1 2=name 3>target" for entries 1 (as it is), 2 (under another name), 3 (with another target).
std::string text_of(const std::vector<PlanItem>& items) {
  std::string text;
  for (const PlanItem& item : items) {
    text += (text.empty() ? "" : " ") + std::to_string(item.entry);
    if (item.name) text += "=" + *item.name;
    if (item.link_name) text += ">" + *item.link_name;
  }
  return text;
}

struct Case {
  const char* what;
  std::vector<StagedEntry> entries;
  std::vector<std::string> prioritized;
  const char* first;
  const char* others;
  std::size_t missing = 0;
};

const Case kCases[] = {
    {"nothing", {}, {}, "", ""},
    {"order is kept", {dir("d"), file("d/a"), file("b")}, {}, "", "0 1 2"},
    {"last of a name wins at its own place", {file("a"), file("b"), file("a")}, {}, "", "1 2"},
    {"prioritised with parents first", {dir(""), file("b"), dir("d"), file("d/a")}, {"d/a"}, "0 2 3", "1"},
    {"order of the list counts", {file("a"), file("b"), file("c")}, {"./c", "/a"}, "2 0", "1"},
    {"listed twice is placed once", {file("a"), file("b")}, {"b", "./b"}, "1", "0"},
    {"missing file", {file("a")}, {"x", "a"}, "0", "", 1},
    {"missing parent", {file("d/a")}, {"d/a"}, "", "0", 1},
    {"prioritised link brings its target", {file("a"), file("b"), link("l", "b")}, {"l"}, "1 2", "0"},
    {"prioritised link to a deep target", {dir("d"), file("d/t"), link("l", "d/t")}, {"l"}, "0 1 2", ""},
    {"forward link waits for its target", {link("l", "z"), file("a"), file("z")}, {}, "", "1 2 0"},
    {"forward links keep their order", {link("m", "z"), link("l", "z"), file("z"), file("y")}, {}, "", "2 0 1 3"},
    {"chain of links points to the file", {link("c", "b"), link("b", "a"), file("a")}, {}, "", "2 0>a 1"},
    {"link keeps what its target was", {file("a"), link("b", "a"), file("a")}, {}, "", "0=b 2"},
    {"further links join the first",
     {file("a"), link("b", "a"), link("c", "b"), link("d", "a"), file("a")},
     {},
     "",
     "0=b 2 3>b 4"},
    {"link after the replacement is of the new file",
     {file("a"), link("b", "a"), file("a"), link("c", "a")},
     {},
     "",
     "0=b 2 3"},
    {"replaced link", {file("a"), link("b", "a"), file("b")}, {}, "", "0 2"},
    {"link through a replaced link", {file("a"), link("b", "a"), link("c", "b"), file("b")}, {}, "", "0 2>a 3"},
    {"replaced target, prioritised heir", {file("a"), link("b", "a"), file("a"), link("c", "b")}, {"c"}, "0=b 3", "2"},
};

TEST(Plan, orders_as_the_spec_says) {
  for (const Case& c : kCases) {
    const Plan plan = make_plan(c.entries, c.prioritized);
    EXPECT_EQ(text_of(plan.prioritized), c.first) << c.what;
    EXPECT_EQ(text_of(plan.others), c.others) << c.what;
    EXPECT_EQ(plan.missing.size(), c.missing) << c.what;
  }
}

TEST(Plan, impossible_hardlinks_are_refused) {
  const std::vector<std::vector<StagedEntry>> bad = {
      {link("l", "nothing")},
      {link("l", "l")},
      {link("a", "b"), link("b", "a")},
      {link("a", "b"), link("b", "c"), link("c", "b")},
      {dir("d"), link("l", "d")},
      {link("l", "d"), dir("d")},
      {file("a"), link("l", "k"), link("k", "l")},
  };
  for (const auto& entries : bad) EXPECT_THROW(make_plan(entries, {}), FormatError) << entries[0].path;
}

TEST(Plan, long_chains_take_no_quadratic_time) {
  std::vector<StagedEntry> entries;
  constexpr int kLinks = 50000;
  for (int i = 0; i < kLinks; ++i) entries.push_back(link(std::to_string(i), std::to_string(i + 1)));
  entries.push_back(file(std::to_string(kLinks)));
  EXPECT_EQ(make_plan(entries, {}).others.size(), entries.size());
}

}  // namespace
}  // namespace accel::formats::estargz
