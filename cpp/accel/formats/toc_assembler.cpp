#include "accel/formats/toc_assembler.hpp"

#include <utility>

namespace accel::formats {

void TocAssembler::add(Batch& batch, std::uint64_t offset) {
  if (discarded_) {
    toc_ = jtoc::TocWriter(0);
    pieces_ = {};
    return;
  }
  for (TocRecord& record : batch.records) {
    if (record.chunk != TocRecord::kNoChunk) complete(record, batch, offset);
    add_piece(record);
  }
}

void TocAssembler::complete(TocRecord& record, const Batch& batch, std::uint64_t offset) {
  const ChunkSpan& chunk = batch.chunks[record.chunk];
  jtoc::Entry& entry = record.entry;
  const bool whole_file = entry.kind == jtoc::EntryKind::regular && record.last;
  entry.offset = offset + batch.unit_offsets[chunk.unit];
  entry.inner_offset = chunk.begin - batch.unit_begins[chunk.unit];
  if (whole_file) entry.digest = chunk.digest;
  if (style_ != TocStyle::containers || !whole_file) entry.chunk_digest = chunk.digest;
  if (style_ != TocStyle::stargz && record.last) {
    // Frames of these dialects hold nothing but the chunk.
    entry.end_offset = offset + batch.unit_offsets[chunk.unit + 1];
  }
}

void TocAssembler::add_piece(TocRecord& record) {
  jtoc::Entry& entry = record.entry;
  if (entry.kind == jtoc::EntryKind::regular && !record.last) {
    file_ = std::move(entry);
    pieces_.clear();
    return;
  }
  if (entry.kind != jtoc::EntryKind::chunk) {
    toc_.add(entry);
    return;
  }
  const std::uint64_t end_offset = entry.end_offset;
  if (style_ == TocStyle::containers) entry.end_offset = 0;
  pieces_.append(as_bytes(","));
  jtoc::append_entry(entry, pieces_);
  if (!record.last) return;
  file_.digest = record.file_digest;
  file_.end_offset = end_offset;
  toc_.add(file_);
  toc_.add_text(pieces_.view());
  pieces_ = {};
}

}  // namespace accel::formats
