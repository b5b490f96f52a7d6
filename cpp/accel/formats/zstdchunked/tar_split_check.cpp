#include "accel/formats/zstdchunked/tar_split_check.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/base/json.hpp"
#include "accel/hash/crc64.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::zstdchunked {

namespace {

/// A record holds at most a megabyte of headers or zeros, in base64.
constexpr std::size_t kMaxLine = 8U << 20U;
constexpr std::size_t kBlockBytes = 64U << 10U;

Bytes decode_payload(const json::Object& object) {
  Bytes payload;
  const std::optional<json::Value> text = object.find("payload");
  if (text && !base64_decode(text->text(), payload)) text->fail("no base64");
  return payload;
}

TarSplitRecord parse_record(const std::string& line, std::uint64_t position) {
  const json::Object object =
      json::parse(line, "tar-split record " + std::to_string(position), {kMaxLine, 4, 16}).object();
  if (object.at("position").unsigned_integer() != position) object.at("position").fail("records are out of order");
  const std::uint64_t type = object.at("type").unsigned_integer();
  TarSplitRecord record;
  if (type == 2) {
    record.raw = decode_payload(object);
    return record;
  }
  if (type != 1) object.at("type").fail("neither 1 (file) nor 2 (bytes)");
  record.is_file = true;
  if (const auto name = object.find("name")) record.name = name->text();
  if (const auto size = object.find("size")) record.size = size->unsigned_integer();
  const Bytes crc = decode_payload(object);
  if (crc.size() == sizeof record.crc) {
    record.crc = load_be<std::uint64_t>(crc.data());
  } else if (record.size > 0) {
    object.at("payload").fail("no CRC of 8 bytes");
  }
  return record;
}

}  // namespace

TarSplitReader::TarSplitReader(io::ByteSource& blob, const BlobRange& range, const hash::Digest& expected,
                               const codec::DecodeLimits& limits)
    : range_(blob, range.offset, range.compressed_size),
      hashing_(range_),
      decoder_(codec::make_decoder(codec::Compression::zstd, hashing_, limits)),
      expected_(expected),
      uncompressed_size_(range.uncompressed_size) {}

bool TarSplitReader::read_line() {
  line_.clear();
  while (true) {
    const std::string_view rest = as_text(block_.view().subspan(begin_));
    const std::size_t end = rest.find('\n');
    line_.append(rest.substr(0, end));
    if (line_.size() > kMaxLine) throw FormatError("a tar-split record is longer than any header");
    if (end != std::string_view::npos) {
      begin_ += end + 1;
      return true;
    }
    block_.resize(kBlockBytes);
    begin_ = 0;
    block_.resize(decoder_->read({block_.data(), kBlockBytes}));
    uncompressed_ += block_.size();
    if (block_.empty()) return !line_.empty();
  }
}

std::optional<TarSplitRecord> TarSplitReader::next() {
  if (read_line()) return parse_record(line_, position_++);
  if (uncompressed_ != uncompressed_size_) {
    throw FormatError("the tar-split data have " + std::to_string(uncompressed_) + " bytes, their position says " +
                      std::to_string(uncompressed_size_));
  }
  const std::uint64_t length = hashing_.count();
  const hash::Digest actual = hashing_.finish();
  if (!expected_.empty() && actual != expected_) {
    throw DigestMismatch("tar-split data", expected_.to_string(), actual.to_string(), length);
  }
  return std::nullopt;
}

std::size_t TarSplitStream::read(MutableByteView out) {
  const std::size_t count = tar_.read(out);
  if (count > 0) {
    check(out.first(count));
    position_ += count;
    return count;
  }
  if (!records_ || out.empty()) return 0;
  // All that is left may be files without content and records without bytes.
  while (next_record()) {
    if (record_->is_file ? record_->size > 0 : !record_->raw.empty()) {
      throw FormatError("the tar stream ends before its tar-split data", FormatError::Where{{}, {}, position_});
    }
  }
  records_.reset();
  return 0;
}

void TarSplitStream::check(ByteView bytes) {
  std::uint64_t position = position_;
  while (!bytes.empty()) {
    const std::uint64_t length = !record_ ? 0 : record_->is_file ? record_->size : record_->raw.size();
    if (done_ == length) {
      if (!records_ || !next_record()) {
        throw FormatError("the tar stream goes on behind its tar-split data", FormatError::Where{{}, {}, position});
      }
      continue;
    }
    const ByteView piece = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), length - done_)));
    if (record_->is_file) {
      crc_ = hash::crc64_iso(piece, crc_);
    } else if (std::memcmp(piece.data(), record_->raw.data() + done_, piece.size()) != 0) {
      throw FormatError("the tar-split data holds other header bytes than the tar stream",
                        FormatError::Where{{}, {}, position});
    }
    done_ += piece.size();
    position += piece.size();
    bytes = bytes.subspan(piece.size());
  }
}

/// Ends the current record, which is complete, and begins the next. False at the end of the data.
bool TarSplitStream::next_record() {
  if (record_ && record_->is_file) end_file();
  if (record_ && done_ < (record_->is_file ? record_->size : record_->raw.size())) {
    throw FormatError("the tar stream ends before its tar-split data", FormatError::Where{{}, {}, position_});
  }
  record_ = records_->next();
  done_ = 0;
  crc_ = 0;
  if (record_ && record_->is_file) begin_file();
  if (!record_ && next_entry_ != toc_.entries.size()) {
    throw FormatError("the TOC lists an entry that the tar-split data does not have",
                      FormatError::Where{{}, tar::shown_name(toc_.entries[next_entry_].name), {}});
  }
  return record_.has_value();
}

/// Readers fetch the content under the record's name from the TOC.
void TarSplitStream::begin_file() {
  if (next_entry_ == toc_.entries.size() || toc_.entries[next_entry_].name != record_->name) {
    throw FormatError("the tar-split data names a file that the TOC does not list in its place",
                      FormatError::Where{{}, tar::shown_name(record_->name), {}});
  }
  const jtoc::Entry& entry = toc_.entries[next_entry_];
  if (entry.kind == jtoc::EntryKind::regular && entry.size != record_->size) {
    throw FormatError("the tar-split data and the TOC disagree about a size",
                      FormatError::Where{{}, tar::shown_name(record_->name), {}});
  }
  do {
    ++next_entry_;
  } while (next_entry_ < toc_.entries.size() && toc_.entries[next_entry_].kind == jtoc::EntryKind::chunk);
}

void TarSplitStream::end_file() const {
  if (record_->size == 0 || done_ < record_->size || crc_ == record_->crc) return;
  throw FormatError("the tar-split data has another CRC for the content of a file",
                    FormatError::Where{{}, tar::shown_name(record_->name), {}});
}

}  // namespace accel::formats::zstdchunked
