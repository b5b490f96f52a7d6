#include "accel/codec/deflate_inflater.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "codec/bit_writer.hpp"
#include "codec/samples.hpp"
#include "codec/zlib_reference.hpp"

namespace accel::codec {
namespace {

using Stop = DeflateInflater::Stop;

struct Cuts {
  std::size_t in = SIZE_MAX;
  std::size_t room = SIZE_MAX;    ///< new room each time it ran out
  std::size_t memory = SIZE_MAX;  ///< of output, before it goes away
};

Inflated inflate_with(DeflateInflater& inflater, std::string_view input, const Cuts& cuts, std::size_t limit) {
  inflater.start();
  Inflated result;
  std::string memory(std::min(cuts.memory, limit), '\0');
  std::size_t filled = 0;
  std::size_t room = std::min(cuts.room, memory.size());
  std::size_t at = 0;
  for (;;) {
    const std::string_view piece = input.substr(at, cuts.in);
    const auto step = inflater.run(as_bytes(piece), {reinterpret_cast<std::byte*>(memory.data()), room}, filled);
    at += step.consumed;
    result.content.append(memory, filled, step.produced);
    filled += step.produced;
    EXPECT_EQ(step.error != nullptr, step.stop == Stop::error);
    if (step.stop == Stop::error) {
      result.outcome = Inflated::Outcome::refused;
      return result;
    }
    if (step.stop == Stop::end) {
      result.outcome = Inflated::Outcome::complete;
      result.consumed = at - inflater.unused_bytes();
      return result;
    }
    if (step.stop == Stop::input && at == input.size()) return result;
    if (step.stop == Stop::output) {
      if (result.content.size() >= limit) return result;
      if (filled == memory.size()) {
        inflater.keep_window(as_bytes(memory));
        filled = 0;
        room = 0;
      }
      room = std::min({room + cuts.room, memory.size(), filled + limit - result.content.size()});
      if (cuts.room == SIZE_MAX) room = std::min(memory.size(), filled + limit - result.content.size());
    }
  }
}

const std::vector<Cuts>& all_cuts() {
  static const std::vector<Cuts> list{{},
                                      {.in = 1},
                                      {.in = 7, .room = 1},
                                      {.in = 40},
                                      {.room = 400, .memory = 1000},
                                      {.in = 1000, .memory = 1},
                                      {.memory = 40'000},
                                      {.in = 33, .room = 299, .memory = 70'000}};
  return list;
}

/// The same in any pieces, and what zlib says.
void expect_like_zlib(std::string_view input, std::size_t limit = 1 << 20) {
  static const auto inflater = std::make_unique<DeflateInflater>();
  const Inflated want = zlib_raw(input, limit);
  for (const Cuts& cuts : all_cuts()) {
    const Inflated got = inflate_with(*inflater, input, cuts, limit);
    ASSERT_EQ(got.outcome, want.outcome) << cuts.in << " " << cuts.room << " " << cuts.memory;
    if (want.outcome == Inflated::Outcome::refused) continue;
    ASSERT_EQ(got.content, want.content);
    ASSERT_EQ(got.consumed, want.consumed);
  }
}

/// A dynamic block's header with these code lengths, each written with 4 bits (symbols 16 to 18 are not used), except
/// that the code lengths' own code may be given.
BitWriter dynamic_block(const std::vector<unsigned>& literals, const std::vector<unsigned>& distances) {
  BitWriter out;
  out.bits(1, 1).bits(2, 2);
  out.bits(static_cast<unsigned>(literals.size()) - 257, 5).bits(static_cast<unsigned>(distances.size()) - 1, 5);
  out.bits(15, 4);
  // Order of the header: 16 17 18 and then the rest, of which each has 4 bits.
  for (int i = 0; i < 3; ++i) out.bits(0, 3);
  for (int i = 0; i < 16; ++i) out.bits(4, 3);
  for (const unsigned length : literals) out.code(length, 4);
  for (const unsigned length : distances) out.code(length, 4);
  return out;
}

TEST(DeflateInflaterTest, decodes_what_zlib_writes_in_any_pieces) {
  for (const std::string& text : sample_texts()) {
    if (text.size() > 70'000) continue;  // more than two windows; one byte at a time takes long
    for (const int level : {0, 1, 6, 9}) expect_like_zlib(zlib_deflate(text, {.level = level}, -15));
    for (const int strategy : {Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_FILTERED}) {
      expect_like_zlib(zlib_deflate(text, {.strategy = strategy}, -15));
    }
  }
}

TEST(DeflateInflaterTest, every_length_at_every_kind_of_distance) {
  const std::string start = random_text(33'000);
  for (const unsigned distance_symbol : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 12U, 17U, 23U, 28U, 29U}) {
    BitWriter out;
    // The start as a stored block, then one fixed block with each length symbol and its smallest and largest extra.
    out.bits(0, 1).bits(0, 2).bits(0, 5);
    out.bits(33'000, 16).bits(33'000 ^ 0xFFFFU, 16);
    for (const char c : start) out.bits(static_cast<unsigned char>(c), 8);
    out.bits(1, 1).bits(1, 2);
    const unsigned distance_extra = distance_symbol < 4 ? 0 : distance_symbol / 2 - 1;
    for (unsigned symbol = 257; symbol <= 285; ++symbol) {
      const unsigned extra = symbol < 265 || symbol == 285 ? 0 : (symbol - 261) / 4;
      for (const std::uint32_t ones : {0U, ~0U}) {
        out.fixed(symbol).bits(ones, extra).code(distance_symbol, 5).bits(~ones, distance_extra);
        out.fixed(symbol % 256);
      }
    }
    out.fixed(256);
    const std::string text = out.text();
    ASSERT_EQ(zlib_raw(text, 1 << 20).outcome, Inflated::Outcome::complete);
    expect_like_zlib(text);
  }
}

TEST(DeflateInflaterTest, codes_of_all_lengths_up_to_15_bits) {
  // One code of each length from 1 to 14 and two of 15, for literals and for distances.
  std::vector<unsigned> literals(286, 0);
  std::vector<unsigned> distances(30, 0);
  const std::vector<unsigned> symbols{'a', 'b', 'c', 257, 'e', 'f', 264, 'h', 'i', 'j', 'k', 265, 'm', 'n', 284, 256};
  for (unsigned i = 0; i < 16; ++i) {
    literals[symbols[i]] = std::min(i + 1, 15U);
    distances[i] = std::min(i + 1, 15U);
  }
  BitWriter out = dynamic_block(literals, distances);
  // Canonical codes: all ones but the last bit, in order of length; of the two longest the smaller symbol comes first.
  const auto put = [&out](unsigned rank) {
    out.code(rank == 15 ? 0x7FFF : (1U << (rank + 1)) - 2, std::min(rank + 1, 15U));
  };
  const auto rank_of = [&symbols](unsigned symbol) {
    const auto rank = static_cast<unsigned>(std::ranges::find(symbols, symbol) - symbols.begin());
    return symbol == 256 ? 14U : rank == 14 ? 15U : rank;
  };
  for (unsigned round = 0; round < 300; ++round) {
    for (const unsigned symbol : symbols) {
      if (symbol == 256) continue;
      put(rank_of(symbol));
      if (symbol < 256) continue;
      if (symbol == 265) out.bits(1, 1);
      if (symbol == 284) out.bits(30, 5);
      const unsigned distance = round == 0 ? 1 : round % 16;
      put(distance);
      if (distance >= 4) out.bits(0, distance / 2 - 1);
    }
  }
  put(rank_of(256));
  ASSERT_EQ(zlib_raw(out.text(), 1 << 20).outcome, Inflated::Outcome::complete);
  expect_like_zlib(out.text());
}

TEST(DeflateInflaterTest, codes_that_zlib_refuses_are_refused) {
  std::vector<unsigned> valid(257, 0);
  valid['a'] = valid[256] = 1;
  const auto data = [](const std::vector<unsigned>& literals, const std::vector<unsigned>& distances,
                       std::uint32_t bits = 0b0101) {
    BitWriter out = dynamic_block(literals, distances);
    for (int i = 0; i < 20; ++i) out.bits(bits, 4);
    return out.text();
  };
  const auto changed = [&](unsigned symbol, unsigned length) {
    auto lengths = valid;
    lengths[symbol] = length;
    return lengths;
  };
  auto only_end = std::vector<unsigned>(257, 0);
  only_end[256] = 1;
  struct Case {
    std::string name, input;
    bool refused;
  };
  const std::vector<Case> cases{
      {"valid", data(valid, {0}), false},
      {"too many literal codes", data(changed('b', 1), {0}), true},
      {"too few literal codes", data(changed('a', 2), {0}), true},
      {"no end of block", data(changed(256, 0), {0}), true},
      {"a single literal code", data(only_end, {0}, 0), false},
      {"the bit that a single code leaves unused", data(only_end, {0}), true},
      {"a single distance code of one bit", data(valid, {1}), false},
      {"a single distance code of two bits", data(valid, {2}), true},
      {"too many distance codes", data(valid, {1, 1, 1}), true},
      {"too few distance codes", data(valid, {1, 2}), true},
      {"287 literals", data(std::vector<unsigned>(287, 9), {0}), true},
      {"31 distances", data(valid, std::vector<unsigned>(31, 5)), true},
      {"block type 3", BitWriter().bits(7, 3).text(), true},
      {"stored size", BitWriter().bits(1, 8).bits(5, 16).bits(5, 16).text(), true},
      {"symbol 286", BitWriter().bits(3, 3).fixed('a').fixed(286).bits(0, 32).text(), true},
      {"symbol 287", BitWriter().bits(3, 3).fixed('a').fixed(287).bits(0, 32).text(), true},
      {"distance 30", BitWriter().bits(3, 3).fixed('a').fixed(257).code(30, 5).bits(0, 32).text(), true},
      {"too far back", BitWriter().bits(3, 3).fixed('a').fixed(257).code(1, 5).fixed(256).text(), true},
      {"as far back as there is", BitWriter().bits(3, 3).fixed('a').fixed(257).code(0, 5).fixed(256).text(), false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(zlib_raw(c.input, 1000).outcome == Inflated::Outcome::refused, c.refused);
    expect_like_zlib(c.input, 1000);
  }
}

TEST(DeflateInflaterTest, code_lengths_that_repeat_wrongly_are_refused) {
  const auto header = [] {
    BitWriter out;
    out.bits(1, 1).bits(2, 2).bits(0, 5).bits(0, 5).bits(15, 4);
    // 16: 2 bits, 17: 2, 18: 2, 1: 2 bits; in the header's order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15.
    for (std::size_t place = 0; place < 19; ++place) out.bits(place < 3 || place == 17 ? 2 : 0, 3);
    return out;
  };
  // Canonical: 1 → 00, 16 → 01, 17 → 10, 18 → 11.
  expect_like_zlib(header().code(1, 2).bits(0, 2).bits(0, 32).text());  // repeats nothing
  EXPECT_EQ(zlib_raw(header().code(1, 2).bits(0, 32).text(), 10).outcome, Inflated::Outcome::refused);
  BitWriter beyond = header();
  for (int i = 0; i < 2; ++i) beyond.code(3, 2).bits(127, 7);  // 276 zeros for 258 symbols
  expect_like_zlib(beyond.bits(0, 32).text());
  BitWriter exact = header();
  exact.code(3, 2).bits(127, 7).code(3, 2).bits(107, 7).code(0, 2).code(0, 2).bits(0, 32);  // 256 zeros, then 1, 1
  expect_like_zlib(exact.text());
}

TEST(DeflateInflaterTest, damaged_data_is_taken_or_refused_as_zlib_does) {
  std::uint32_t random = 12345;
  const auto next = [&random](std::uint32_t below) {
    random = random * 1664525U + 1013904223U;
    return (random >> 8U) % below;
  };
  const std::string text = structured_text(3000) + random_text(300) + structured_text(2000) + std::string(400, 'x');
  std::vector<std::string> valid;
  for (const int level : {0, 1, 9}) valid.push_back(zlib_deflate(text, {.level = level}, -15));
  valid.push_back(zlib_deflate(text, {.strategy = Z_FIXED}, -15));
  valid.push_back(zlib_deflate(text, {.flush_every = 500, .memory_level = 1}, -15));
  for (int i = 0; i < 1000; ++i) {
    std::string input = valid[next(static_cast<std::uint32_t>(valid.size()))];
    const auto size = static_cast<std::uint32_t>(input.size());
    for (std::uint32_t flips = next(3); flips-- > 0;) {
      const std::uint32_t at = next(i % 2 == 0 ? 100 : size);
      input[at] = static_cast<char>(input[at] ^ 1 << next(8));
    }
    if (next(3) == 0) input.resize(next(size));
    expect_like_zlib(input);
    if (HasFatalFailure()) return;
  }
}

TEST(DeflateInflaterTest, an_inflater_that_failed_goes_on_failing_until_it_starts_anew) {
  DeflateInflater inflater;
  std::string out(100, '\0');
  const MutableByteView room(reinterpret_cast<std::byte*>(out.data()), out.size());
  EXPECT_EQ(inflater.run(as_bytes("\x07"), room, 0).stop, Stop::error);
  EXPECT_EQ(inflater.run(as_bytes("\x03\x00"), room, 0).stop, Stop::error);
  inflater.start();
  EXPECT_EQ(inflater.run(as_bytes(std::string_view("\x03\x00", 2)), room, 0).stop, Stop::end);
}

}  // namespace
}  // namespace accel::codec
