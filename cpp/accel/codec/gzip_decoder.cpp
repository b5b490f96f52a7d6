#include <algorithm>
#include <string>

#include "accel/base/error.hpp"
#include "accel/codec/gzip.hpp"
#include "accel/codec/gzip_header.hpp"
#include "accel/codec/inflate.hpp"
#include "accel/codec/input_window.hpp"
#include "accel/codec/output_meter.hpp"

namespace accel::codec {

namespace {

class GzipDecoder final : public io::ByteStream {
 public:
  GzipDecoder(io::ByteStream& compressed, const DecodeLimits& limits) : input_(compressed), meter_(limits) {}

  std::size_t read(MutableByteView out) override {
    if (out.empty()) return 0;
    if (state_ == State::failed) fail("read after it failed");
    // Whatever throws leaves a stream that cannot come to a clean end any more.
    const State before = state_;
    state_ = State::failed;
    return run(before, out);
  }

 private:
  enum class State { member_start, body, ended, failed };

  std::size_t run(State state, MutableByteView out) {
    std::size_t produced = 0;
    while (produced == 0 && state != State::ended) {
      if (state == State::member_start) {
        state = begin_member() ? State::body : State::ended;
      } else {
        produced = decode(out);
        if (inflate_.member_done()) state = State::member_start;
      }
    }
    state_ = state;
    return produced;
  }

  /// False at the end of the stream.
  bool begin_member() {
    if (!first_) {
      if (!input_.fill()) return false;
      if (input_.unread().front() == std::byte{0}) {
        skip_padding();
        return false;
      }
    }
    first_ = false;
    GzipHeaderParser header(input_.offset());
    while (!header.done()) {
      if (!input_.fill()) fail("it ends within the header of a member");
      input_.consume(header.feed(input_.unread()));
    }
    inflate_.start_member();
    return true;
  }

  /// Tapes and some uploaders fill up with zeros; anything else after the last member is not ours to guess.
  void skip_padding() {
    while (input_.fill()) {
      const ByteView bytes = input_.unread();
      const auto other = std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; });
      input_.consume(static_cast<std::size_t>(other - bytes.begin()));
      if (other != bytes.end()) fail("bytes that are not zero follow the padding after the last member");
    }
  }

  /// Returns 0 only when the member is done.
  std::size_t decode(MutableByteView out) {
    for (;;) {
      const bool more = input_.fill();
      const Inflate::Step step = inflate_.run(input_.unread(), out);
      input_.consume(step.consumed);
      if (step.error != nullptr) fail(step.error);
      if (step.produced > 0) {
        meter_.add(step.produced, input_.offset());
        return step.produced;
      }
      if (inflate_.member_done()) return 0;
      if (!more) fail("it ends within a member");
    }
  }

  [[noreturn]] void fail(const char* what) const {
    throw FormatError(std::string("decompress gzip: ") + what,
                      FormatError::Where{.digest = {}, .path = {}, .offset = input_.offset()});
  }

  InputWindow input_;
  OutputMeter meter_;
  Inflate inflate_;
  State state_ = State::member_start;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<io::ByteStream> make_gzip_decoder(io::ByteStream& compressed, const DecodeLimits& limits) {
  return std::make_unique<GzipDecoder>(compressed, limits);
}

}  // namespace accel::codec
