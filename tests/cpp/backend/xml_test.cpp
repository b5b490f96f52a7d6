#include "accel/backend/xml.hpp"

#include <gtest/gtest.h>

#include <string>

namespace accel::backend {
namespace {

TEST(Xml, gives_the_text_of_the_elements_below_the_root) {
  const auto document = parse_xml(
      "\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a > b -->"
      "<InitiateMultipartUploadResult xmlns='http://s3/doc?a>b'>\n"
      "  <Bucket>b</Bucket><UploadId>a&amp;b&lt;&#65;&#x20ac;</UploadId><Empty/>"
      "  <Owner><ID>inner</ID></Owner>\n</InitiateMultipartUploadResult>\n");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root, "InitiateMultipartUploadResult");
  EXPECT_EQ(document->text("Bucket"), "b");
  EXPECT_EQ(document->text("UploadId"), "a&b<A\u20ac");
  EXPECT_EQ(document->text("Empty"), "");
  EXPECT_EQ(document->text("Owner"), "");
  EXPECT_EQ(document->text("ID"), "");
}

TEST(Xml, forgets_namespace_prefixes) {
  const auto document = parse_xml("<s3:Error><s3:Code>NoSuchKey</s3:Code></s3:Error>");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root, "Error");
  EXPECT_EQ(document->text("Code"), "NoSuchKey");
}

class BadXml : public ::testing::TestWithParam<std::string> {};

TEST_P(BadXml, is_refused) { EXPECT_FALSE(parse_xml(GetParam())) << GetParam(); }

std::string nested(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += "<a>";
  for (int i = 0; i < depth; ++i) text += "</a>";
  return text;
}

INSTANTIATE_TEST_SUITE_P(All, BadXml,
                         ::testing::Values("", "text", "<a>", "<a><b></a></b>", "</a>", "<a></a><b></b>", "<a></a>x",
                                           "<a>&unknown;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&amp</a>",
                                           "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a b=\"c></a>", "<a",
                                           "<>x</>", "<?xml ", "<!-- x", "<a><![CDATA[x]]></a>", nested(17)));

TEST(Xml, takes_the_depth_that_answers_have) { EXPECT_TRUE(parse_xml(nested(16))); }

TEST(XmlEscape, survives_a_round_trip) {
  const std::string text = "\"<&'>\" plain";
  const auto document = parse_xml("<a><b>" + xml_escape(text) + "</b></a>");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->text("b"), text);
}

}  // namespace
}  // namespace accel::backend
