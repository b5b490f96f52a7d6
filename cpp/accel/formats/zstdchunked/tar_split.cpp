#include "accel/formats/zstdchunked/tar_split.hpp"

#include <algorithm>
#include <array>

#include "accel/base/endian.hpp"
#include "accel/base/json.hpp"
#include "accel/tar/block.hpp"

namespace accel::formats::zstdchunked {

namespace {

/// Text in one zstd frame; only its compressed form is kept, about a twentieth.
constexpr std::size_t kFrameText = 1U << 20U;
/// Of one raw record behind the end of the archive.
constexpr std::size_t kTrailingRecord = 1U << 20U;
constexpr std::size_t kEndOfArchive = 2 * tar::kBlockSize;

void append_text(std::string_view text, Buffer& out) { out.append(as_bytes(text)); }

}  // namespace

void TarSplitWriter::header(ByteView blocks) {
  raw_.append(blocks);
  write_raw();
}

void TarSplitWriter::file(std::string_view name, std::uint64_t size, std::uint64_t crc) {
  append_text("{\"type\":1,\"name\":", text_);
  append_text(json::quote(name), text_);
  if (size > 0) {
    std::array<std::byte, sizeof crc> bytes;
    store_be(bytes.data(), crc);
    append_text(",\"size\":" + std::to_string(size) + ",\"payload\":\"" + base64_encode(bytes) + "\"", text_);
  } else {
    append_text(",\"payload\":null", text_);
  }
  end_record();
}

void TarSplitWriter::trailing(ByteView bytes) {
  // The first record holds the last padding and the end-of-archive blocks; what is beyond comes in large ones.
  if (trailing_limit_ == 0) trailing_limit_ = raw_.size() + kEndOfArchive;
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(std::min(bytes.size(), trailing_limit_ - raw_.size()));
    raw_.append(piece);
    bytes = bytes.subspan(piece.size());
    if (raw_.size() < trailing_limit_) return;
    write_raw();
    trailing_limit_ = kTrailingRecord;
  }
}

TarSplitWriter::Result TarSplitWriter::finish() {
  if (!raw_.empty()) write_raw();
  if (!text_.empty() || result_.compressed.empty()) compress();  // no bytes at all are no zstd stream
  return std::move(result_);
}

void TarSplitWriter::write_raw() {
  append_text("{\"type\":2,\"payload\":\"", text_);
  append_text(base64_encode(raw_.view()), text_);
  append_text("\"", text_);
  raw_.clear();
  end_record();
}

void TarSplitWriter::end_record() {
  append_text(",\"position\":" + std::to_string(position_++) + "}\n", text_);
  if (text_.size() >= kFrameText) compress();
}

void TarSplitWriter::compress() {
  encoders_->borrow()->encode(text_.view(), result_.compressed);
  result_.uncompressed_size += text_.size();
  text_.clear();
}

}  // namespace accel::formats::zstdchunked
