#include "accel/convert/read_ahead.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "accel/base/error.hpp"
#include "accel/io/memory.hpp"
#include "support/chunked_stream.hpp"

namespace accel::convert {
namespace {

using namespace std::chrono_literals;

std::string numbered(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i);
  text.resize(size);
  return text;
}

ReadAheadOptions small_blocks() {
  ReadAheadOptions options;
  options.block_bytes = 64;
  options.blocks = 3;
  return options;
}

TEST(ReadAhead, gives_the_bytes_of_its_source_whatever_the_sizes) {
  for (const std::size_t size : {0U, 1U, 63U, 64U, 65U, 1000U, 4096U}) {
    for (const std::size_t piece : {1U, 7U, 64U, 100U}) {
      testing::ChunkedStream source(numbered(size), piece);
      ReadAhead ahead(source, small_blocks(), {});
      EXPECT_EQ(to_string(io::read_all(ahead, 1U << 20U)), numbered(size));
      std::byte more;
      EXPECT_EQ(ahead.read({&more, 1}), 0U) << "the end stays the end";
    }
  }
}

TEST(ReadAhead, peek_shows_bytes_without_taking_them) {
  testing::ChunkedStream source("abcdef");
  ReadAhead ahead(source, small_blocks(), {});
  EXPECT_EQ(as_text(ahead.peek()), "abcdef");
  ahead.skip(2);
  EXPECT_EQ(as_text(ahead.peek()), "cdef");
  ahead.drain();
  EXPECT_TRUE(ahead.peek().empty());
}

TEST(ReadAhead, counts_what_it_reads) {
  testing::ChunkedStream source(numbered(1000));
  std::atomic<std::size_t> bytes{0};
  BusyClock busy;
  ReadAheadOptions options = small_blocks();
  options.busy = &busy;
  options.on_read = [&](std::size_t count) { bytes += count; };
  ReadAhead ahead(source, options, {});
  ahead.drain();
  EXPECT_EQ(bytes, 1000U);
  EXPECT_GT(busy.total().count(), 0);
}

/// Gives one block, then fails.
class FailingStream final : public io::ByteStream {
 public:
  std::size_t read(MutableByteView out) override {
    if (read_) throw FormatError("torn");
    read_ = true;
    return std::min<std::size_t>(out.size(), 64);
  }

 private:
  bool read_ = false;
};

TEST(ReadAhead, failure_of_the_source_comes_after_the_blocks_before_it) {
  FailingStream source;
  ReadAhead ahead(source, small_blocks(), {});
  std::byte block[64];
  EXPECT_EQ(ahead.read(block), 64U);
  EXPECT_THROW(ahead.read(block), FormatError);
  EXPECT_THROW(ahead.read(block), FormatError) << "and stays";
}

TEST(ReadAhead, leaving_early_does_not_wait_for_a_consumer) {
  testing::ChunkedStream source(numbered(1U << 20U));
  const auto start = std::chrono::steady_clock::now();
  { ReadAhead ahead(source, small_blocks(), {}); }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
}

/// Waits until it is cancelled, as a socket does.
class StuckStream final : public io::ByteStream {
 public:
  explicit StuckStream(CancelToken cancel) : cancel_(std::move(cancel)) {}
  std::size_t read(MutableByteView) override {
    while (true) {
      cancel_.check();
      std::this_thread::sleep_for(1ms);
    }
  }

 private:
  CancelToken cancel_;
};

TEST(ReadAhead, cancel_wakes_the_consumer) {
  CancelSource stop;
  StuckStream source(stop.token());
  ReadAhead ahead(source, small_blocks(), stop.token());
  std::jthread canceller([&] {
    std::this_thread::sleep_for(20ms);
    stop.cancel();
  });
  std::byte byte;
  EXPECT_THROW(ahead.read({&byte, 1}), Cancelled);
}

}  // namespace
}  // namespace accel::convert
