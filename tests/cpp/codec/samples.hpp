/// Content and compressed forms that the codec tests share.
#pragma once

#include <string>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/codec/codec.hpp"
#include "accel/io/memory.hpp"

namespace accel::codec {

/// Bytes no compressor can shrink; the same on every run.
inline std::string random_text(std::size_t size, std::uint32_t seed = 1) {
  std::string text(size, '\0');
  for (char& c : text) {
    seed ^= seed << 13U;
    seed ^= seed >> 17U;
    seed ^= seed << 5U;
    c = static_cast<char>(seed);
  }
  return text;
}

/// Bytes with the repetitions of source code.
inline std::string structured_text(std::size_t size) {
  std::string text;
  for (unsigned line = 0; text.size() < size; ++line) {
    text += "  entry(" + std::to_string(line * 7919U % 1000U) + ").name = \"usr/lib/python3/module_" +
            std::to_string(line) + "\";\n";
  }
  text.resize(size);
  return text;
}

/// Sizes at the edges of everything: nothing, tar blocks, the compressor's shortcuts, the decoder's windows and blocks.
inline std::vector<std::string> sample_texts() {
  std::vector<std::string> texts;
  for (const std::size_t size : {0U, 1U, 30U, 60U, 511U, 512U, 4096U, 32768U, 65535U, 65537U, 131072U, 300000U}) {
    texts.push_back(random_text(size));
    texts.push_back(structured_text(size));
    texts.emplace_back(size, '\0');
  }
  return texts;
}

inline Buffer encode_once(UnitEncoder& encoder, std::string_view text) {
  Buffer out;
  encoder.encode(as_bytes(text), out);
  return out;
}

inline std::string gzip(std::string_view text, int level = 6) {
  return accel::to_string(encode_once(*make_gzip_encoder(level), text).view());
}

inline std::string zstd(std::string_view text, int level = 3) {
  return accel::to_string(encode_once(*make_zstd_encoder(level), text).view());
}

/// Everything the stream has, read in pieces of `piece` bytes.
inline std::string drain(io::ByteStream& stream, std::size_t piece = 65536) {
  std::string text;
  Bytes block(piece);
  while (const std::size_t count = stream.read(block)) text += as_text(ByteView(block).first(count));
  return text;
}

inline std::string decode(Compression compression, std::string_view compressed, const DecodeLimits& limits = {},
                          std::size_t piece = 65536) {
  io::MemoryStream inner(as_bytes(compressed));
  return drain(*make_decoder(compression, inner, limits), piece);
}

}  // namespace accel::codec
