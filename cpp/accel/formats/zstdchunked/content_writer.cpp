#include "accel/formats/zstdchunked/content_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "accel/formats/zstdchunked/options.hpp"
#include "accel/hash/crc64.hpp"

namespace accel::formats::zstdchunked {

namespace {

constexpr std::size_t kZeroBlock = 64U << 10U;
constexpr std::array<std::byte, kZeroBlock> kZeros{};
/// What the rolling checksum gives on average; only a guess of how much room a chunk will need.
constexpr std::uint64_t kMeanChunk = 64U << 10U;

}  // namespace

void ContentWriter::begin(jtoc::Entry entry) {
  entry_ = std::move(entry);
  crc_ = 0;
  position_ = 0;
  chunk_begin_ = 0;
}

void ContentWriter::write(ByteView bytes) {
  if (records_) crc_ = hash::crc64_iso(bytes, crc_);
  const bool ends = entry_.size - position_ == chunker_.pending() + bytes.size();
  chunker_.feed(bytes, *this);
  if (!ends) return;
  chunker_.finish(*this);
  boundary();
}

void ContentWriter::hole(std::uint64_t bytes) {
  while (bytes > 0) {
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kZeros.size()));
    add(ByteView(kZeros).first(piece), true);
    bytes -= piece;
  }
}

void ContentWriter::add(ByteView bytes, bool zeros) {
  while (!bytes.empty()) {
    if (!chunk_open_) {
      pipeline_.begin_unit(static_cast<std::size_t>(std::min(entry_.size - position_, kMeanChunk)));
      pipeline_.begin_chunk();
      chunk_open_ = true;
      chunk_is_hole_ = zeros;
      chunk_begin_ = position_;
    }
    const std::uint64_t room = kMaxChunk - (position_ - chunk_begin_);
    const ByteView piece = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), room)));
    pipeline_.append(piece);
    position_ += piece.size();
    bytes = bytes.subspan(piece.size());
    if (position_ - chunk_begin_ == kMaxChunk) boundary();
  }
}

void ContentWriter::boundary() {
  if (!chunk_open_) return;
  chunk_open_ = false;
  if (!records_) return;
  add_record(position_ == entry_.size, chunk_begin_ == 0);
}

void ContentWriter::add_record(bool last, bool first) {
  const bool several = !(first && last);
  if (several) file_.update(pipeline_.chunk());
  TocRecord record;
  record.chunk = pipeline_.end_chunk(true);
  record.last = last;
  if (first) {
    record.entry = entry_;
  } else {
    record.entry.name = entry_.name;
    record.entry.kind = jtoc::EntryKind::chunk;
    record.entry.chunk_offset = chunk_begin_;
    if (last) record.file_digest = file_.finish();
  }
  // The C dialect says nothing about the only chunk of a file, and calls a file that is one hole data.
  if (several || style_ == TocStyle::joint) record.entry.chunk_size = position_ - chunk_begin_;
  record.entry.zeros = several && chunk_is_hole_;
  pipeline_.add_record(std::move(record));
}

}  // namespace accel::formats::zstdchunked
