#include "accel/formats/chunk_fetch.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats {

namespace {

/// Of one chunk with what is before it in its unit, and of one compressed unit. Our largest chunk is half of it.
constexpr std::uint64_t kMaxUnit = 64U << 20U;

}  // namespace

ChunkFetcher::ChunkFetcher(const jtoc::Toc& toc, io::ByteSource& blob, codec::Compression compression,
                           std::uint64_t data_end)
    : toc_(toc),
      blob_(blob),
      compression_(compression),
      data_end_(data_end),
      names_(jtoc::map_names(toc)),
      units_(jtoc::unit_offsets(toc)) {}

std::size_t ChunkFetcher::read(std::string_view path, std::uint64_t offset, MutableByteView out) {
  const std::size_t index = jtoc::find_file(toc_, names_, path);
  if (index == toc_.entries.size() || toc_.entries[index].kind != jtoc::EntryKind::regular) {
    throw FormatError("the layer has no regular file of this name", FormatError::Where{{}, std::string(path), {}});
  }
  std::size_t filled = 0;
  for (const jtoc::Chunk& chunk : jtoc::chunks_of(toc_, index)) {
    const std::uint64_t position = offset + filled;
    if (filled == out.size() || position < offset) break;
    if (position < chunk.file_offset || position - chunk.file_offset >= chunk.size) continue;
    load(chunk, path);
    const auto skipped = static_cast<std::size_t>(position - chunk.file_offset);
    const ByteView content = content_.view().subspan(static_cast<std::size_t>(chunk.inner_offset) + skipped);
    const std::size_t count = std::min(content.size(), out.size() - filled);
    std::memcpy(out.data() + filled, content.data(), count);
    filled += count;
  }
  return filled;
}

void ChunkFetcher::load(const jtoc::Chunk& chunk, std::string_view path) {
  const std::pair place(chunk.offset, chunk.inner_offset);
  if (loaded_ == place) return;
  loaded_.reset();
  const auto next = std::upper_bound(units_.begin(), units_.end(), chunk.offset);
  const std::uint64_t end = next == units_.end() ? data_end_ : std::min(*next, data_end_);
  const std::uint64_t compressed = end - chunk.offset;
  if (chunk.size > kMaxUnit || chunk.inner_offset > kMaxUnit - chunk.size || compressed > kMaxUnit) {
    throw UnsupportedError(
        "read " + std::string(path) + ": a chunk of more than " + std::to_string(kMaxUnit) + " bytes",
        "read the whole layer instead");
  }
  Buffer unit;
  unit.resize(static_cast<std::size_t>(compressed));
  blob_.read_at(chunk.offset, {unit.data(), unit.size()});
  content_.resize(static_cast<std::size_t>(chunk.inner_offset + chunk.size));
  codec::decode_unit(compression_, unit.view(), {content_.data(), content_.size()});
  const hash::Digest actual = hash::sha256(content_.view().subspan(static_cast<std::size_t>(chunk.inner_offset)));
  if (actual != chunk.digest) {
    throw DigestMismatch("chunk at offset " + std::to_string(chunk.file_offset) + " of " + std::string(path),
                         chunk.digest.to_string(), actual.to_string(), chunk.size);
  }
  loaded_ = place;
}

}  // namespace accel::formats
