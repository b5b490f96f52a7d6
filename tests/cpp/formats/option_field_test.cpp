#include "accel/formats/option_field.hpp"

#include <gtest/gtest.h>

#include "accel/base/error.hpp"

namespace accel::formats {
namespace {

const OptionTable kTable = {
    {"chunk_size", OptionType::integer, "4", "", "", true},
    {"external_toc", OptionType::boolean, "false", "", "", true},
    {"compression", OptionType::choice, "estargz", "", "", true},
    {"files", OptionType::list, "", "", "", true},
};

OptionReader reader(const OptionValues& values) { return {"test", kTable, values}; }

std::string error_of(const OptionValues& values, void (*read)(const OptionReader&)) {
  try {
    read(reader(values));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(OptionReader, absent_options_give_the_fallback) {
  const OptionReader options = reader({});
  EXPECT_TRUE(options.boolean("external_toc", true));
  EXPECT_EQ(options.integer("chunk_size", 17, 0, 100), 17);
  EXPECT_EQ(options.choice("compression", "estargz", {"estargz"}), "estargz");
  EXPECT_EQ(options.text("compression", "x"), "x");
  EXPECT_TRUE(options.list("files").empty());
  EXPECT_FALSE(options.given("files"));
}

TEST(OptionReader, booleans_have_the_spellings_of_yaml) {
  for (const char* yes : {"true", "True", "yes", "ON", "1"}) {
    EXPECT_TRUE(reader({{"external_toc", yes}}).boolean("external_toc", false)) << yes;
  }
  for (const char* no : {"false", "no", "Off", "0"}) {
    EXPECT_FALSE(reader({{"external_toc", no}}).boolean("external_toc", true)) << no;
  }
  EXPECT_THROW(static_cast<void>(reader({{"external_toc", "maybe"}}).boolean("external_toc", true)), ConfigError);
  EXPECT_THROW(static_cast<void>(reader({{"external_toc", ""}}).boolean("external_toc", true)), ConfigError);
}

TEST(OptionReader, integers_are_decimal_or_hexadecimal_and_inside_the_range) {
  const auto read = [](const char* text) { return reader({{"chunk_size", text}}).integer("chunk_size", 0, -5, 4096); };
  EXPECT_EQ(read("12"), 12);
  EXPECT_EQ(read("-5"), -5);
  EXPECT_EQ(read("0x1000"), 4096);
  for (const char* bad : {"", "x", "12 ", "1.5", "4097", "-6", "0x", "0x-1", "99999999999999999999"}) {
    EXPECT_THROW(static_cast<void>(read(bad)), ConfigError) << bad;
  }
}

TEST(OptionReader, bad_values_name_option_value_and_what_is_taken) {
  const std::string text = error_of({{"compression", "gzip"}}, [](const OptionReader& options) {
    static_cast<void>(options.choice("compression", "", {"estargz", "zstdchunked"}));
  });
  EXPECT_NE(text.find("compression"), std::string::npos) << text;
  EXPECT_NE(text.find("\"gzip\""), std::string::npos) << text;
  EXPECT_NE(text.find("estargz, zstdchunked"), std::string::npos) << text;
}

TEST(OptionReader, unknown_options_suggest_the_nearest_name) {
  const auto ignore = [](const OptionReader&) {};
  EXPECT_NE(error_of({{"chunksize", "1"}}, ignore).find("did you mean \"chunk_size\"?"), std::string::npos);
  const std::string text = error_of({{"something_else", "1"}}, ignore);
  EXPECT_NE(text.find("its options are chunk_size, external_toc, compression, files"), std::string::npos) << text;
}

TEST(OptionReader, lists_are_lines_without_blanks_and_comments) {
  const OptionReader options = reader({{"files", "  /bin/sh\r\n\n# comment\n\t/etc/a b \n"}});
  EXPECT_EQ(options.list("files"), (std::vector<std::string>{"/bin/sh", "/etc/a b"}));
}

TEST(NearestName, nothing_is_near_to_something_quite_different) {
  EXPECT_EQ(nearest_name("estarg", {"estargz", "zstdchunked"}), "estargz");
  EXPECT_EQ(nearest_name("zstd-chunked", {"estargz", "zstdchunked"}), "zstdchunked");
  EXPECT_EQ(nearest_name("nydus", {"estargz", "zstdchunked"}), "");
  EXPECT_EQ(nearest_name("", {"abc"}), "");
}

}  // namespace
}  // namespace accel::formats
