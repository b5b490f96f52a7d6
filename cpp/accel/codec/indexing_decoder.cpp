#include <isa-l/crc.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/codec/block_boundaries.hpp"
#include "accel/codec/deflate_inflater.hpp"
#include "accel/codec/gzip_header.hpp"
#include "accel/codec/input_window.hpp"
#include "accel/codec/output_meter.hpp"

namespace accel::codec {

namespace {

using Kind = BlockBoundary::Kind;

class IndexingDecoder final : public io::ByteStream {
 public:
  IndexingDecoder(io::ByteStream& compressed, BoundaryConsumers consumers, const DecodeLimits& limits)
      : input_(compressed),
        meter_(limits),
        consumers_(std::move(consumers)),
        inflater_(std::make_unique<DeflateInflater>()) {}

  std::size_t read(MutableByteView out) override {
    if (out.empty()) return 0;
    if (state_ == State::failed) fail("read after it failed");
    // Whatever throws leaves a stream that cannot come to a clean end any more.
    const State before = std::exchange(state_, State::failed);
    return run(before, out);
  }

 private:
  enum class State { member_start, body, ended, failed };

  std::size_t run(State state, MutableByteView out) {
    std::size_t filled = 0;
    member_begin_ = 0;
    while (filled < out.size() && state != State::ended) {
      if (state == State::member_start) {
        state = begin_member() ? State::body : State::ended;
        member_begin_ = filled;
      } else if (decode(out, filled)) {
        end_member();
        state = State::member_start;
      }
    }
    if (state == State::body) inflater_->keep_window(out.first(filled).subspan(member_begin_));
    state_ = state;
    return filled;
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
    inflater_->start();
    member_size_ = 0;
    checksum_ = 0;
    announce({.kind = Kind::block, .in = input_.offset(), .out = total_});
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

  /// Decodes up to the next boundary or the end of `out`; true at the end of the member's blocks.
  bool decode(MutableByteView out, std::size_t& filled) {
    const bool more = input_.fill();
    // Where the next mark would be, so that the inflater stops right there.
    const std::uint64_t room = last_boundary_ + BlockBoundaries::kMaxDistance - total_;
    const std::size_t end = filled + static_cast<std::size_t>(std::min<std::uint64_t>(room, out.size() - filled));
    const DeflateInflater::Step step =
        inflater_->run(input_.unread(), out.first(end).subspan(member_begin_), filled - member_begin_);
    input_.consume(step.consumed);
    const ByteView produced = out.subspan(filled, step.produced);
    checksum_ = crc32_gzip_refl(checksum_, reinterpret_cast<const std::uint8_t*>(produced.data()), produced.size());
    filled += step.produced;
    total_ += step.produced;
    member_size_ += step.produced;
    if (step.produced > 0) meter_.add(step.produced, input_.offset());
    switch (step.stop) {
      case DeflateInflater::Stop::error:
        fail(step.error);
      case DeflateInflater::Stop::input:
        if (!more) fail("it ends within a member");
        break;
      case DeflateInflater::Stop::output:
        if (step.produced == room) announce(here(Kind::mark));
        break;
      case DeflateInflater::Stop::block:
        announce_block(out.first(filled).subspan(member_begin_));
        break;
      case DeflateInflater::Stop::end:
        announce_end();
        return true;
    }
    return false;
  }

  void end_member() {
    std::array<std::byte, 8> trailer;
    for (std::byte& byte : trailer) {
      if (inflater_->unused_bytes() > 0) {
        byte = inflater_->take_unused_byte();
        continue;
      }
      if (!input_.fill()) fail("it ends within a member");
      byte = input_.unread().front();
      input_.consume(1);
    }
    if (load_le<std::uint32_t>(trailer.data()) != checksum_ ||
        load_le<std::uint32_t>(trailer.data() + 4) != static_cast<std::uint32_t>(member_size_)) {
      fail("checksum or length at the end of the member do not match its content");
    }
  }

  [[nodiscard]] BlockBoundary here(Kind kind) const {
    return {.kind = kind, .in = input_.offset() - inflater_->unused_bytes(), .out = total_};
  }

  /// `decoded`: what is in memory of the member's output.
  void announce_block(ByteView decoded) {
    BlockBoundary boundary = here(Kind::block);
    boundary.bits = inflater_->pending_bits();
    boundary.byte = inflater_->pending_byte();
    const auto recent =
        static_cast<std::size_t>(std::min<std::uint64_t>(total_ - last_block_, BlockBoundaries::kMaxWindow));
    const ByteView newer = decoded.last(std::min(recent, decoded.size()));
    announce(boundary, inflater_->window().last(recent - newer.size()), newer);
  }

  void announce_end() {
    BlockBoundary boundary = here(Kind::member_end);
    boundary.end_bytes = inflater_->end_bytes();
    announce(boundary);
  }

  void announce(const BlockBoundary& boundary, ByteView older = {}, ByteView newer = {}) {
    const auto window = static_cast<std::size_t>(std::min<std::uint64_t>(member_size_, BlockBoundaries::kMaxWindow));
    for (const auto& consumer : consumers_) consumer->add(boundary, older, newer, window);
    last_boundary_ = boundary.out;
    if (boundary.kind == Kind::block) last_block_ = boundary.out;
  }

  [[noreturn]] void fail(const char* what) const {
    throw FormatError(std::string("decompress gzip: ") + what,
                      FormatError::Where{.digest = {}, .path = {}, .offset = input_.offset()});
  }

  InputWindow input_;
  OutputMeter meter_;
  const BoundaryConsumers consumers_;
  const std::unique_ptr<DeflateInflater> inflater_;
  State state_ = State::member_start;
  bool first_ = true;
  std::uint64_t total_ = 0;          // bytes of output
  std::uint64_t last_boundary_ = 0;  // where it was in the output, of any kind
  std::uint64_t last_block_ = 0;
  std::uint64_t member_size_ = 0;  // bytes of output so far
  std::uint32_t checksum_ = 0;     // of them
  std::size_t member_begin_ = 0;   // in the memory that `read` was given
};

}  // namespace

std::unique_ptr<io::ByteStream> make_indexing_decoder(io::ByteStream& compressed, BoundaryConsumers consumers,
                                                      const DecodeLimits& limits) {
  return std::make_unique<IndexingDecoder>(compressed, std::move(consumers), limits);
}

}  // namespace accel::codec
