/// Reference layers for tests, read by a small reader over zlib that shares no code with ours.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "codec/zlib_reference.hpp"
#include "formats/nydus/encode_ref.hpp"

namespace accel::formats::nydus::testing {

/// One context, as nydus-blob.md 11.4 has it.
struct Slice {
  std::uint64_t in_offset = 0, out_offset = 0, dict_offset = 0;
  std::uint32_t in_size = 0, out_size = 0, dict_size = 0;
  unsigned byte = 0, bits = 0;
};

/// The index of a reference layer, from the uncompressed CI and its header.
struct RefIndex {
  std::vector<Info> chunks;
  std::vector<Slice> slices;
  Bytes dictionaries;
  std::uint32_t features = 0;
};

inline RefIndex read_index(const NydusPart& part) {
  const Bytes ci = stored_ci(part);
  const std::byte* const header = part.meta.header.data();
  RefIndex index;
  index.features = load_le<std::uint32_t>(header + 4);
  const auto chunks = load_le<std::uint32_t>(header + 12);
  const auto offset = load_le<std::uint64_t>(header + 40);
  const auto size = load_le<std::uint64_t>(header + 48);
  const auto count = load_le<std::uint32_t>(header + 56);
  index.chunks = infos(ci, chunks, true);
  EXPECT_EQ(offset, count > 0 ? 24U * chunks : 0U);
  EXPECT_EQ(24U * chunks + size, ci.size());
  EXPECT_EQ(load_le<std::uint64_t>(header + 32), ci.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* const at = ci.data() + offset + 40 * i;
    index.slices.push_back({load_le<std::uint64_t>(at), load_le<std::uint64_t>(at + 8), load_le<std::uint64_t>(at + 16),
                            load_le<std::uint32_t>(at + 24), load_le<std::uint32_t>(at + 28),
                            load_le<std::uint32_t>(at + 32), std::to_integer<unsigned>(at[36]),
                            std::to_integer<unsigned>(at[37])});
    EXPECT_EQ(load_le<std::uint16_t>(at + 38), 0);
  }
  index.dictionaries.assign(ci.begin() + static_cast<std::ptrdiff_t>(24 * chunks + 40 * count), ci.end());
  return index;
}

/// Which of the reference's readers: the first takes no slice with the end of a member in it.
enum class ReaderVersion { v2_2, v2_4 };

/// What a slice decodes to (nydus-blob.md 11.5), or nothing when the reader fails.
inline std::optional<std::string> decode_slice(std::string_view source, const RefIndex& index, const Slice& slice,
                                               ReaderVersion version = ReaderVersion::v2_4) {
  const codec::ZlibInflate stream = codec::zlib_inflate(-15);
  if (slice.bits > 0)
    inflatePrime(stream.get(), static_cast<int>(slice.bits), static_cast<int>(slice.byte >> (8 - slice.bits)));
  if (slice.dict_offset + slice.dict_size > index.dictionaries.size() ||
      slice.in_offset + slice.in_size > source.size() || slice.out_size > (16U << 20U)) {
    return std::nullopt;
  }
  inflateSetDictionary(stream.get(), reinterpret_cast<const Bytef*>(index.dictionaries.data()) + slice.dict_offset,
                       slice.dict_size);
  std::string out(slice.out_size, '\0');
  codec::set_input(*stream, source.substr(slice.in_offset, slice.in_size));
  codec::set_output(*stream, out, 0);
  for (;;) {
    const int code = inflate(stream.get(), Z_NO_FLUSH);
    if (code == Z_OK) return stream->avail_out == 0 ? std::optional(out) : std::nullopt;
    if (code != Z_STREAM_END || version == ReaderVersion::v2_2 || stream->avail_in < 8) return std::nullopt;
    stream->next_in += 8;
    stream->avail_in -= 8;
    inflateReset2(stream.get(), 31);
    if (inflate(stream.get(), Z_BLOCK) != Z_OK) return std::nullopt;
    inflateReset2(stream.get(), -15);
  }
}

/// Reads chunks; the last slice is kept.
class RefReader {
 public:
  /// The references outlive it.
  RefReader(std::string_view source, const RefIndex& index, ReaderVersion version)
      : source_(source), index_(index), version_(version) {}

  std::optional<std::string> chunk(const Info& info) {
    if ((info.flags & 2U) == 0) {
      if (info.compressed_offset + info.compressed_size > source_.size()) return std::nullopt;
      return std::string(source_.substr(info.compressed_offset, info.compressed_size));
    }
    const std::uint64_t slice = info.data >> 32U;
    const std::uint64_t offset = info.data & 0xFFFFFFFFU;
    if (slice >= index_.slices.size()) return std::nullopt;
    if (slice_ != slice) decoded_ = decode_slice(source_, index_, index_.slices[slice], version_);
    slice_ = slice;
    if (!decoded_ || offset + info.uncompressed_size > decoded_->size()) return std::nullopt;
    return decoded_->substr(offset, info.uncompressed_size);
  }

 private:
  const std::string_view source_;
  const RefIndex& index_;
  const ReaderVersion version_;
  std::uint64_t slice_ = UINT64_MAX;
  std::optional<std::string> decoded_;
};

}  // namespace accel::formats::nydus::testing
