// decode_unit: single chunks, as readers fetch them.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "codec/samples.hpp"

namespace accel::codec {
namespace {

using namespace std::string_literals;

std::string encode(Compression compression, std::string_view text) {
  switch (compression) {
    case Compression::gzip:
      return gzip(text);
    case Compression::zstd:
      return zstd(text);
    case Compression::none:
      break;
  }
  return std::string(text);
}

std::string unit(Compression compression, std::string_view input, std::size_t size) {
  std::string out(size, '?');
  decode_unit(compression, as_bytes(input), std::as_writable_bytes(std::span(out)));
  return out;
}

constexpr Compression kAll[] = {Compression::none, Compression::gzip, Compression::zstd};
constexpr Compression kCompressed[] = {Compression::gzip, Compression::zstd};

TEST(UnitTest, whole_units_are_decoded) {
  for (const Compression compression : kAll) {
    for (const std::string& text : sample_texts()) {
      EXPECT_EQ(unit(compression, encode(compression, text), text.size()), text);
    }
  }
}

TEST(UnitTest, front_of_a_unit_is_enough) {
  const std::string text = structured_text(200'000);
  for (const Compression compression : kAll) {
    for (const std::size_t size : {0U, 1U, 511U, 4096U, 65'536U, 131'073U, 199'999U}) {
      EXPECT_EQ(unit(compression, encode(compression, text), size), text.substr(0, size)) << size;
    }
  }
}

TEST(UnitTest, bytes_after_what_is_needed_are_not_looked_at) {
  const std::string text = structured_text(10'000);
  for (const Compression compression : kAll) {
    const std::string input = encode(compression, text);
    EXPECT_EQ(unit(compression, input + "garbage", text.size()), text);
    EXPECT_EQ(unit(compression, input + encode(compression, "next"), text.size()), text);
    EXPECT_EQ(unit(compression, input + encode(compression, text), text.size()), text);  // last 4 bytes fit by chance
  }
}

TEST(UnitTest, content_split_over_several_units_is_joined) {
  const std::string text = structured_text(10'000);
  for (const Compression compression : kCompressed) {
    const std::string input = encode(compression, text.substr(0, 3000)) + encode(compression, "") +
                              encode(compression, text.substr(3000) + "more");
    EXPECT_EQ(unit(compression, input, text.size()), text);
  }
}

TEST(UnitTest, units_with_fewer_bytes_are_rejected) {
  const std::string text = structured_text(10'000);
  for (const Compression compression : kAll) {
    EXPECT_THROW(unit(compression, encode(compression, text), text.size() + 1), FormatError);
    EXPECT_THROW(unit(compression, "", 1), FormatError);
    EXPECT_EQ(unit(compression, "", 0), "");
  }
}

TEST(UnitTest, every_truncation_is_detected) {
  const std::string text = structured_text(3000);
  for (const Compression compression : kAll) {
    const std::string input = encode(compression, text);
    const std::size_t trailer = compression == Compression::gzip ? 9 : compression == Compression::zstd ? 5 : 0;
    for (std::size_t size = 0; size < input.size() - trailer; ++size) {
      EXPECT_THROW(unit(compression, input.substr(0, size), text.size()), FormatError) << size;
    }
  }
}

TEST(UnitTest, damaged_units_never_give_other_bytes_when_read_whole) {
  const std::string text = structured_text(700);
  for (const Compression compression : kCompressed) {
    const std::string input = encode(compression, text);
    std::size_t detected = 0;
    for (std::size_t bit = 0; bit < input.size() * 8; ++bit) {
      std::string wrong = input;
      wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << bit % 8));
      try {
        static_cast<void>(unit(compression, wrong, text.size()));
      } catch (const FormatError&) {
        ++detected;
      }
    }
    EXPECT_GT(detected, input.size() * 8 / 2);
  }
}

TEST(UnitTest, failure_does_not_disturb_the_next_call) {
  const std::string text = structured_text(50'000);
  for (const Compression compression : kCompressed) {
    const std::string input = encode(compression, text);
    for (int i = 0; i < 3; ++i) {
      EXPECT_THROW(unit(compression, input.substr(0, input.size() / 2), text.size()), FormatError);
      EXPECT_EQ(unit(compression, input, 100), text.substr(0, 100));
      EXPECT_EQ(unit(compression, input, text.size()), text);
    }
  }
}

TEST(UnitTest, threads_do_not_share_state) {
  const std::string text = structured_text(20'000);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 50; ++i) {
        const Compression compression = kCompressed[(t + i) % 2];
        const std::size_t size = text.size() - i * 300;
        if (unit(compression, encode(compression, text), size) != text.substr(0, size)) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace accel::codec
