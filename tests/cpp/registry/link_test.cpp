#include "accel/registry/link.hpp"

#include <optional>

#include "accel/base/error.hpp"
#include "registry/fault_fixture.hpp"

namespace accel::registry {
namespace {

TEST(Link, the_next_page_is_found) {
  struct Row {
    const char* field;
    std::optional<std::string> target;
  };
  for (const Row& row : {
           Row{"", std::nullopt},
           Row{R"(</v2/a/tags/list?last=b&n=2>; rel="next")", "/v2/a/tags/list?last=b&n=2"},
           Row{"<x>;rel=next", "x"},
           Row{R"(<x>; title="a, b"; rel="prev next")", "x"},
           Row{R"(<a>; rel="prev", <b>; rel="next")", "b"},
           Row{R"(<a,c>; rel="prev" , <b,d>; REL=NEXT)", "b,d"},
           Row{R"(<a>; rel="nextish")", std::nullopt},
           Row{"<a>", std::nullopt},
           Row{"<a; rel=next", std::nullopt},
           Row{"rel=next", std::nullopt},
       }) {
    EXPECT_EQ(parse_next_link(row.field), row.target) << row.field;
  }
}

class TagListTest : public FaultTest {
 protected:
  /// Scripts one page of tags; `link` is its Link header.
  void page(const std::string& part, const std::string& tags, const std::string& link) {
    testing::HttpReply reply{200, {}, "{\"name\":\"app\",\"tags\":" + tags + "}"};
    if (!link.empty()) reply.headers.emplace_back("Link", link);
    registry_->script({"GET", part, reply});
  }
};

TEST_F(TagListTest, pages_are_followed_to_the_end) {
  start();
  page("tags/list?n=1000", R"(["a","b"])", R"(</v2/app/tags/list?last=b>; rel="next")");
  page("last=b", R"(["c"])", R"(<?last=c>; rel="next")");
  page("last=c", "null", "");
  EXPECT_EQ(repository_->list_tags(cancel_.token()), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(TagListTest, a_page_that_points_to_itself_or_elsewhere_is_an_error) {
  start();
  page("tags/list", R"(["a"])", "<?n=1000>; rel=next");
  EXPECT_THROW(repository_->list_tags(cancel_.token()), RegistryError);
  page("tags/list", R"(["a"])", "<http://other.example/v2/app/tags/list?n=2>; rel=next");
  EXPECT_THROW(repository_->list_tags(cancel_.token()), RegistryError);
}

TEST_F(TagListTest, answers_that_are_no_list_are_format_errors) {
  start();
  for (const char* body : {"", "[]", "{}", R"({"tags":1})", R"({"tags":[1]})"}) {
    registry_->script({"GET", "tags/list", {200, {}, body}});
    EXPECT_THROW(repository_->list_tags(cancel_.token()), FormatError) << body;
  }
}

}  // namespace
}  // namespace accel::registry
