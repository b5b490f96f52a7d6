/// What must hold for any bytes given to a decoder, shared by the targets of the codecs.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/io/memory.hpp"

namespace accel::fuzz {

inline constexpr codec::DecodeLimits kLimits{.max_ratio = 1100, .ratio_free_bytes = 1 << 20, .max_bytes = 4 << 20};

inline void require(bool condition) {
  if (!condition) std::abort();
}

/// Gives its bytes in pieces of 1, 2, 3, … bytes, so that every state meets the end of a piece.
class UnevenStream final : public io::ByteStream {
 public:
  explicit UnevenStream(ByteView bytes) : inner_(bytes) {}

  std::size_t read(MutableByteView out) override {
    piece_ = piece_ % 61 + 1;
    return inner_.read(out.first(std::min(piece_, out.size())));
  }

 private:
  io::MemoryStream inner_;
  std::size_t piece_ = 0;
};

/// Decodes everything in pieces of `piece` bytes; nothing when the input is refused. Any other exception is a bug.
inline std::optional<Bytes> decode_stream(codec::Compression compression, io::ByteStream& input, std::size_t piece) {
  Bytes content;
  try {
    const auto decoder = codec::make_decoder(compression, input, kLimits);
    for (;;) {
      const std::size_t filled = content.size();
      content.resize(filled + piece);
      const std::size_t count = decoder->read(MutableByteView(content).subspan(filled));
      content.resize(filled + count);
      if (count == 0) return content;
    }
  } catch (const FormatError& error) {
    require(error.where().offset.has_value());
    return std::nullopt;
  }
}

inline std::optional<Bytes> decode_front(codec::Compression compression, ByteView input, std::size_t size) {
  Bytes content(size);
  try {
    codec::decode_unit(compression, input, content);
  } catch (const FormatError&) {
    return std::nullopt;
  }
  return content;
}

/// Streams in any pieces agree with each other, and single units agree with the stream.
inline void check_decoders(codec::Compression compression, ByteView input) {
  io::MemoryStream whole(input);
  const std::optional<Bytes> content = decode_stream(compression, whole, 64 << 10);
  UnevenStream uneven(input);
  require(decode_stream(compression, uneven, 777) == content);
  if (!content) {
    static_cast<void>(decode_front(compression, input, 1000));
    return;
  }
  require(decode_front(compression, input, content->size()) == content);
  const std::size_t half = content->size() / 2;
  const std::optional<Bytes> front = decode_front(compression, input, half);
  require(front.has_value() && std::equal(front->begin(), front->end(), content->begin()));
  require(!decode_front(compression, input, content->size() + 1));
}

/// What an encoder makes of any bytes decodes to them.
inline void check_encoder(codec::Compression compression, codec::UnitEncoder& encoder, ByteView content) {
  Buffer unit;
  encoder.encode(content, unit);
  io::MemoryStream stream(unit.view());
  require(decode_stream(compression, stream, 4096) == to_bytes(content));
  require(decode_front(compression, unit.view(), content.size()) == to_bytes(content));
}

}  // namespace accel::fuzz
