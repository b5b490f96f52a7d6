#include "accel/base/json.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"

namespace accel::json {
namespace {

/// The message of the FormatError that `action` throws; "" when it throws none.
template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const FormatError& error) {
    return error.what();
  }
  return {};
}

TEST(Json, members_are_read_in_the_order_of_the_document) {
  const std::string text = " { \"b\" : 1 , \"a\\u0062\" : [ true , { } ] , \"c\":\"\\\"}\" } ";
  const auto object = parse(text, "document").object();
  ASSERT_EQ(object.members().size(), 3U);
  EXPECT_EQ(object.members()[0].name, "b");
  EXPECT_EQ(object.members()[1].name, "ab");
  EXPECT_EQ(object.members()[1].raw, "[ true , { } ]");
  EXPECT_EQ(object.at("b").unsigned_integer(), 1U);
  EXPECT_EQ(object.at("ab").compact(), "[true,{}]");
  EXPECT_EQ(object.at("ab").elements()[0].boolean(), true);
  EXPECT_EQ(object.at("c").text(), "\"}");
}

TEST(Json, empty_containers_have_nothing_inside) {
  EXPECT_TRUE(parse("{}", "document").object().members().empty());
  EXPECT_TRUE(parse("[ ]", "document").elements().empty());
}

TEST(Json, compact_keeps_white_space_inside_strings_and_the_digits_of_numbers) {
  const std::string text = "{\"a b\": [1.10, 123456789012345678901234567890,\n\"x \\\" y\"]}";
  EXPECT_EQ(parse(text, "document").compact(), "{\"a b\":[1.10,123456789012345678901234567890,\"x \\\" y\"]}");
}

TEST(Json, null_member_counts_as_absent) {
  const auto object = parse(R"({"a":null})", "document").object();
  EXPECT_FALSE(object.find("a"));
  EXPECT_FALSE(object.find("b"));
  EXPECT_TRUE(object.contains("a"));
  EXPECT_FALSE(object.contains("b"));
  EXPECT_EQ(message_of([&] { static_cast<void>(object.at("a")); }), "document: no member \"a\"");
}

TEST(Json, messages_name_the_way_to_the_value) {
  const auto object = parse(R"({"layers":[{},{"size":-1}]})", "manifest").object();
  const auto size = object.at("layers").elements()[1].object().at("size");
  EXPECT_EQ(size.path(), "manifest: layers[1].size");
  EXPECT_EQ(message_of([&] { static_cast<void>(size.unsigned_integer()); }),
            "manifest: layers[1].size: want a non-negative integer of at most 64 bits, got -1");
  EXPECT_EQ(message_of([&] { static_cast<void>(size.text()); }), "manifest: layers[1].size: want a string, got -1");
  EXPECT_EQ(message_of([&] { static_cast<void>(size.object()); }), "manifest: layers[1].size: want an object, got -1");
  EXPECT_EQ(message_of([&] { static_cast<void>(size.elements()); }), "manifest: layers[1].size: want an array, got -1");
  EXPECT_EQ(message_of([&] { static_cast<void>(size.boolean()); }),
            "manifest: layers[1].size: want true or false, got -1");
}

TEST(Json, only_plain_digits_are_an_unsigned_integer) {
  EXPECT_EQ(parse("0", "n").unsigned_integer(), 0U);
  EXPECT_EQ(parse("18446744073709551615", "n").unsigned_integer(), UINT64_MAX);
  for (const std::string text : {"-0", "1.0", "1e3", "18446744073709551616", "\"1\"", "true", "[]", "null"}) {
    EXPECT_THROW(static_cast<void>(parse(text, "n").unsigned_integer()), FormatError) << text;
  }
}

TEST(Json, text_that_is_no_json_is_refused_with_its_offset) {
  struct Case {
    std::string text;
    std::string message;
  };
  const Case cases[] = {
      {"", "document: this is no JSON at offset 0"},
      {"{\"a\":}", "document: this is no JSON at offset 5"},
      {"{} x", "document: this is no JSON at offset 3"},
      {"{\"a\":1,}", "document: this is no JSON at offset 7"},
      {"'a'", "document: this is no JSON at offset 0"},
      {"// c\n{}", "document: this is no JSON at offset 0"},
      {"\"\xFF\"", "document: this is no JSON at offset 1"},
      {"\xEF\xBB\xBF{}", "document: this is no JSON at offset 0"},
      {std::string("{}\0x", 4), "document: this is no JSON at offset 2"},
      {"NaN", "document: this is no JSON at offset 0"},
      {"01", "document: this is no JSON at offset 1"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_EQ(message_of([&] { parse(text, "document"); }), message) << text;
  }
  EXPECT_NE(message_of([] { parse("1e999", "document"); }).find("number out of range"), std::string::npos);
}

TEST(Json, key_twice_in_one_object_is_refused_also_when_written_otherwise) {
  EXPECT_THROW(parse(R"({"a":1,"a":1})", "document"), FormatError);
  EXPECT_THROW(parse(R"({"a":1,"\u0061":2})", "document"), FormatError);
  EXPECT_THROW(parse(R"([{"x":{"a":1,"b":{},"a":1}}])", "document"), FormatError);
  EXPECT_NO_THROW(parse(R"({"a":{"a":[{"a":1},{"a":2}]}})", "document"));
}

TEST(Json, limits_hold) {
  const Limits limits{.max_bytes = 20, .max_depth = 3, .max_values = 5};
  EXPECT_NO_THROW(parse("[[[1]]]", "document", limits));
  EXPECT_EQ(message_of([&] { parse("[[[[]]]]", "document", limits); }), "document: JSON nested deeper than 3 levels");
  EXPECT_NO_THROW(parse("[1,2,3,4]", "document", limits));
  EXPECT_EQ(message_of([&] { parse("[1,2,3,4,5]", "document", limits); }), "document: more than 5 JSON values");
  EXPECT_EQ(message_of([&] { parse("[                   ]", "document", limits); }),
            "document: 21 bytes of JSON, at most 20 are read");
  EXPECT_EQ(message_of([&] { static_cast<void>(parse("[1,2]", "document").elements(1)); }),
            "document: more than 1 elements");
}

TEST(Json, depth_of_millions_neither_overflows_the_stack_nor_takes_long) {
  const std::string deep(8U << 20U, '[');
  EXPECT_THROW(parse(deep, "document"), FormatError);
}

TEST(Json, long_names_are_cut_between_characters) {
  std::string name;
  for (int i = 0; i < 30; ++i) name += "aä€";  // 6 bytes each, so that 80 falls inside a character
  const std::string text = "{\"" + name + "\":1,\"" + name + "\":2}";
  const std::string message = message_of([&] { parse(text, "document"); });
  EXPECT_EQ(message.find("document: key \"aä€"), 0U) << message;
  EXPECT_LT(message.size(), 250U);
  EXPECT_EQ(message_of([&] { static_cast<void>(quote(message)); }), "");  // still UTF-8
}

TEST(Json, writer_escapes_and_keeps_order) {
  ObjectWriter writer;
  writer.add_text("b\"", "line\nbreak ü");
  writer.add("a", array({"1", "{}"}));
  writer.add("empty", array({}));
  EXPECT_EQ(writer.finish(), R"({"b\"":"line\nbreak ü","a":[1,{}],"empty":[]})");
  EXPECT_EQ(ObjectWriter().finish(), "{}");
}

TEST(Json, text_that_is_not_utf8_cannot_be_written) { EXPECT_THROW(quote("\xC3\x28"), FormatError); }

}  // namespace
}  // namespace accel::json
