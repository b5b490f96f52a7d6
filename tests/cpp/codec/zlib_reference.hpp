/// zlib as the other side of our inflater: what it makes of deflate data, and where it sees blocks.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/codec/block_boundaries.hpp"

namespace accel::codec {

struct InflateEnd {
  void operator()(z_stream* stream) const noexcept {
    inflateEnd(stream);
    delete stream;
  }
};
using ZlibInflate = std::unique_ptr<z_stream, InflateEnd>;

inline ZlibInflate zlib_inflate(int window_bits) {
  auto stream = std::make_unique<z_stream>();
  *stream = {};
  inflateInit2(stream.get(), window_bits);
  return ZlibInflate(stream.release());
}

inline void set_input(z_stream& stream, std::string_view input) {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
}

inline void set_output(z_stream& stream, std::string& out, std::size_t filled) {
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
  stream.avail_out = static_cast<uInt>(out.size() - filled);
}

/// What became of raw deflate data. `content` is what was decoded before the end, whatever that was.
struct Inflated {
  enum class Outcome { complete, truncated, refused } outcome = Outcome::truncated;
  std::size_t consumed = 0;  ///< of complete data
  std::string content;
};

inline Inflated zlib_raw(std::string_view input, std::size_t limit) {
  const ZlibInflate stream = zlib_inflate(-15);
  set_input(*stream, input);
  Inflated result;
  result.content.resize(limit);
  set_output(*stream, result.content, 0);
  const int code = inflate(stream.get(), Z_NO_FLUSH);
  result.content.resize(stream->total_out);
  if (code == Z_STREAM_END) {
    result.outcome = Inflated::Outcome::complete;
    result.consumed = input.size() - stream->avail_in;
  } else if (code == Z_DATA_ERROR) {
    result.outcome = Inflated::Outcome::refused;
  }
  return result;
}

/// A boundary with what matches behind it may refer to.
struct BoundaryAndWindow {
  BlockBoundary boundary;
  std::string window;
  friend bool operator==(const BoundaryAndWindow&, const BoundaryAndWindow&) = default;
};

/// The boundaries of a valid gzip stream without padding, as nydus-blob.md 11.2 finds them with Z_BLOCK, the end of
/// each member told apart as in 11.6; of those of one kind at the same place the last. No marks.
inline std::vector<BoundaryAndWindow> zlib_boundaries(std::string_view compressed) {
  const ZlibInflate stream = zlib_inflate(31);
  std::vector<BoundaryAndWindow> list;
  std::string block(1 << 20, '\0');
  std::uint64_t out = 0;
  std::size_t in = 0;
  while (in < compressed.size()) {
    set_input(*stream, compressed.substr(in));
    set_output(*stream, block, 0);
    const int code = inflate(stream.get(), Z_BLOCK);
    in = compressed.size() - stream->avail_in;
    out += block.size() - stream->avail_out;
    const auto type = static_cast<unsigned>(stream->data_type);
    // At the end of the member zlib has taken the checksum as well when it is there.
    if (code == Z_STREAM_END) {
      inflateReset(stream.get());
      continue;
    }
    if (code != Z_OK) break;
    if ((type & 0x80U) == 0) continue;
    BoundaryAndWindow found;
    found.boundary.in = in;
    found.boundary.out = out;
    if ((type & 0x40U) != 0) {
      found.boundary.kind = BlockBoundary::Kind::member_end;
    } else {
      found.boundary.bits = type & 7U;
      if (found.boundary.bits != 0) found.boundary.byte = static_cast<std::byte>(compressed[in - 1]);
      found.window.resize(32768);
      uInt size = 0;
      inflateGetDictionary(stream.get(), reinterpret_cast<Bytef*>(found.window.data()), &size);
      found.window.resize(size);
    }
    if (!list.empty() && list.back().boundary.kind == found.boundary.kind && list.back().boundary.out == out) {
      list.pop_back();
    }
    list.push_back(std::move(found));
  }
  return list;
}

/// How zlib is told to compress.
struct DeflateSettings {
  int level = 6;
  int strategy = Z_DEFAULT_STRATEGY;
  std::size_t flush_every = 0;  ///< 0: never
  int flush = Z_FULL_FLUSH;
  int memory_level = 8;  ///< of which the size of blocks depends
};

/// One gzip member (`window_bits` 31) or raw deflate data (-15).
inline std::string zlib_deflate(std::string_view content, const DeflateSettings& settings = {}, int window_bits = 31) {
  z_stream stream{};
  deflateInit2(&stream, settings.level, Z_DEFLATED, window_bits, settings.memory_level, settings.strategy);
  std::string out;
  std::string block(1 << 16, '\0');
  const auto run = [&](std::string_view piece, int flush) {
    set_input(stream, piece);
    do {
      set_output(stream, block, 0);
      ::deflate(&stream, flush);
      out.append(block, 0, block.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  };
  const std::size_t step = settings.flush_every == 0 ? content.size() : settings.flush_every;
  for (; settings.flush_every != 0 && content.size() > step; content.remove_prefix(step)) {
    run(content.substr(0, step), settings.flush);
  }
  run(content, Z_FINISH);
  deflateEnd(&stream);
  return out;
}

}  // namespace accel::codec
