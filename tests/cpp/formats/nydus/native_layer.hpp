/// Native layers for tests: encoded in memory, and taken apart again without code of the encoder.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/codec/chunk_codec.hpp"
#include "accel/formats/nydus/encoder.hpp"
#include "accel/io/memory.hpp"
#include "formats/encode_layer.hpp"

namespace accel::formats::nydus::testing {

using formats::testing::random_bytes;

struct NativeLayer {
  Bytes blob;
  LayerResult result;

  [[nodiscard]] const NydusPart& part() const { return dynamic_cast<const NydusPart&>(*result.part); }
  [[nodiscard]] ByteView bytes(std::uint64_t offset, std::uint64_t size) const {
    return ByteView(blob).subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  }
};

inline void set_encoders(NativeSettings& settings, codec::ChunkCodec codec) {
  settings.encoders = std::make_shared<UnitEncoderPool>(
      [codec] { return codec::make_chunk_encoder(codec, codec::levels_of(codec).standard); });
}

/// The defaults of the reference.
inline NativeSettings default_settings() {
  NativeSettings settings;
  set_encoders(settings, codec::ChunkCodec::zstd);
  return settings;
}

/// As in the worked examples of the specifications: nothing compressed, SHA-256.
inline NativeSettings plain_settings() {
  NativeSettings settings;
  settings.compressor = Compressor::none;
  settings.digester = Digester::sha256;
  return settings;
}

inline NativeLayer encode_native(const NativeSettings& settings, const std::string& tar,
                                 const formats::testing::EncodeOptions& options = {}) {
  ThreadPool pool(options.threads);
  MemoryBudget budget(options.budget);
  io::MemorySink sink;
  NativeLayer layer;
  const auto encoder = make_native_encoder(settings, sink, formats::testing::make_context(pool, budget));
  layer.result = formats::testing::feed(*encoder, tar, options.max_read, options.max_piece);
  layer.blob = to_bytes(sink.view());
  return layer;
}

struct Section {
  std::string name;
  std::uint64_t offset = 0, size = 0;
  friend bool operator==(const Section&, const Section&) = default;
};

/// The sections of a blob, by the tar headers from its end (nydus-blob.md 3.3, algorithm 1).
inline std::vector<Section> sections(ByteView blob) {
  std::vector<Section> found;
  std::size_t end = blob.size();
  while (end > 0) {
    const std::string_view header = as_text(blob.subspan(end - 512, 512));
    const std::uint64_t size = std::stoull(std::string(header.substr(124, 11)), nullptr, 8);
    const std::size_t begin = end - 512 - static_cast<std::size_t>(size);
    found.insert(found.begin(), {std::string(header.data()), begin, size});
    end = begin;
  }
  return found;
}

inline std::vector<std::string> section_names(ByteView blob) {
  std::vector<std::string> names;
  for (const Section& section : sections(blob)) names.push_back(section.name);
  return names;
}

/// One chunk info, v1 or v2, read as nydus-blob.md 8.3 and 8.4 say.
struct Info {
  std::uint64_t uncompressed_offset = 0, uncompressed_size = 0, compressed_offset = 0, compressed_size = 0;
  std::uint64_t flags = 0, data = 0;
};

inline std::vector<Info> infos(ByteView ci, std::size_t count, bool v2) {
  std::vector<Info> all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* const at = ci.data() + i * (v2 ? 24U : 16U);
    const auto a = load_le<std::uint64_t>(at);
    const auto b = load_le<std::uint64_t>(at + 8);
    if (v2) {
      all.push_back({(a & 0xFFFFFFFF) << 12U, (a >> 32U & 0xFFFFFF) + 1, b & 0xFFFFFFFFFF, b >> 40U, a >> 56U,
                     load_le<std::uint64_t>(at + 16)});
    } else {
      all.push_back({a & 0xFFFFFFFF000, ((a >> 44U) | (a >> 8U & 0xF) << 20U) + 1, b & 0xFFFFFFFFFF,
                     ((b >> 44U) | (b >> 40U & 0xF) << 20U) + 1, 0, 0});
    }
  }
  return all;
}

/// The uncompressed CI that goes into the bootstrap layer.
inline Bytes stored_ci(const NydusPart& part) {
  io::MemorySink sink;
  write_meta_file(part.meta, sink);
  return to_bytes(sink.view().first(static_cast<std::size_t>(part.meta.ci_size)));
}

inline std::string decode(codec::ChunkCodec codec, ByteView stored, std::size_t size) {
  std::string out(size, '\0');
  codec::decode_chunk(codec, stored, std::as_writable_bytes(std::span(out)));
  return out;
}

}  // namespace accel::formats::nydus::testing
