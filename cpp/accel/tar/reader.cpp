#include "accel/tar/reader.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "accel/base/error.hpp"
#include "accel/tar/detail/extensions.hpp"
#include "accel/tar/detail/input.hpp"
#include "accel/tar/header.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/sparse.hpp"

namespace accel::tar {

namespace {

/// What holes of sparse files are read from.
constexpr std::size_t kHoleSize = std::size_t{64} << 10U;
constexpr std::array<std::byte, kHoleSize> kHole{};

std::string_view describe_type(char type) {
  switch (type) {
    case '7':
      return "contiguous file";
    case 'A':
      return "Solaris access control list";
    case 'D':
      return "GNU directory dump";
    case 'M':
      return "continuation from another volume";
    case 'N':
      return "old GNU long names";
    case 'V':
      return "volume label";
    case 'X':
      return "Solaris extended header";
    default:
      return "unknown to POSIX and GNU tar";
  }
}

std::string quoted_type(char type) {
  if (type > ' ' && type < 0x7F) return std::string("'") + type + "'";
  return "0x" + hex_encode(as_bytes({&type, 1}));
}

}  // namespace

class Reader::Impl {
 public:
  Impl(io::ByteStream& stream, const ReaderOptions& options) : input_(stream), options_(options) {}

  const Entry* next();
  ByteView payload(std::size_t max);
  ByteView padding();
  ByteView trailing();
  [[nodiscard]] ByteView raw_header() const { return ended_ ? ByteView() : raw_.view(); }
  [[nodiscard]] std::uint64_t offset() const { return input_.offset(); }

 private:
  bool at_end_of_archive(ByteView front) const;
  const Entry* finish();
  Block take_header(ByteView front, std::uint64_t at);
  void read_extension(Block header, char type, std::uint64_t at);
  void read_entry(Block header, std::uint64_t at);
  void set_type(char type);
  void read_gnu_sparse(Block header);
  void read_pax_sparse();
  Block take_sparse_block();
  void set_sparse(std::uint64_t real_size);
  ByteView sparse_payload(std::size_t max);
  ByteView stored_payload(std::uint64_t max);
  void skip_payload();
  void check_extension_size(std::uint64_t more) const;

  [[noreturn]] void fail(std::string message, std::uint64_t at, std::string hint = {}) const {
    throw FormatError(std::move(message), {.digest = {}, .path = shown_name(entry_.name), .offset = at},
                      std::move(hint));
  }
  [[noreturn]] void fail_truncated(std::string_view where) const {
    fail("the tar stream ends inside " + std::string(where), input_.offset());
  }
  /// Runs a parser that does not know where its bytes come from, and adds that to its errors.
  template <class Parser>
  auto located(std::uint64_t at, Parser parser) const {
    try {
      return parser();
    } catch (const FormatError& error) {
      fail(error.message(), at, error.hint());
    }
  }

  detail::Input input_;
  const ReaderOptions options_;
  detail::Extensions extensions_;
  Entry entry_;
  Buffer raw_;                     ///< header blocks of the entry
  Buffer dangling_;                ///< global headers that no entry followed
  std::uint64_t stored_left_ = 0;  ///< payload bytes of the stream that were not handed out
  std::size_t padding_left_ = 0;
  SparseMap map_;
  std::size_t segment_ = 0;            ///< first segment of map_ that was not handed out whole
  std::uint64_t expanded_offset_ = 0;  ///< of the next byte of a sparse file
  std::uint64_t entries_ = 0;
  bool ended_ = false;
};

const Entry* Reader::Impl::next() {
  if (ended_) return nullptr;
  skip_payload();
  padding_left_ -= static_cast<std::size_t>(input_.skip(padding_left_));
  entry_.name.clear();
  raw_.clear();
  extensions_.begin_entry();
  const std::uint64_t start = input_.offset();
  while (true) {
    const ByteView front = input_.peek(2 * kBlockSize);
    if (at_end_of_archive(front)) return finish();
    const std::uint64_t at = input_.offset();
    const Block header = take_header(front, at);
    const char type = as_text(header)[field::kTypeFlag.offset];
    if (detail::Extensions::is_extension(type)) {
      read_extension(header, type, at);
      continue;
    }
    entry_.header_offset = start;
    read_entry(header, at);
    entry_.payload_offset = input_.offset();
    if (++entries_ > options_.max_entries) {
      fail("the tar stream has more than " + std::to_string(options_.max_entries) + " entries", at);
    }
    return &entry_;
  }
}

/// Two zero blocks end an archive, and so does one that is the last of the stream.
bool Reader::Impl::at_end_of_archive(ByteView front) const {
  if (front.empty()) return true;
  if (front.size() < kBlockSize) fail_truncated("a header block");
  if (!is_zero_block(front.first<kBlockSize>())) return false;
  if (front.size() == kBlockSize) return true;
  if (front.size() < 2 * kBlockSize) fail_truncated("the end-of-archive blocks");
  if (!is_zero_block(front.last<kBlockSize>())) {
    fail("a single zero block stands between two headers", input_.offset(), "rebuild the layer");
  }
  return true;
}

const Entry* Reader::Impl::finish() {
  if (extensions_.pending()) fail("an extension header is followed by no file", input_.offset());
  ended_ = true;
  return nullptr;
}

/// Checks and consumes a header block. The view stays good until the next read.
Block Reader::Impl::take_header(ByteView front, std::uint64_t at) {
  const Block header = front.first<kBlockSize>();
  if (!checksum_matches(header)) {
    fail(at == 0 ? "tar header checksum mismatch: this is no tar stream" : "tar header checksum mismatch", at);
  }
  input_.consume(kBlockSize);
  raw_.append(header);
  return header;
}

void Reader::Impl::read_extension(Block header, char type, std::uint64_t at) {
  const auto size = number_field(header, field::kSize);
  if (!size || *size < 0) fail("extension header has a bad size", at);
  const auto payload_size = static_cast<std::uint64_t>(*size);
  check_extension_size(payload_size);
  const std::size_t begin = raw_.size();
  const std::uint64_t total = payload_size + padding_size(payload_size);
  for (std::uint64_t left = total; left > 0;) {
    const ByteView piece = input_.take(left);
    if (piece.empty()) fail_truncated("an extension header");
    raw_.append(piece);
    left -= piece.size();
  }
  const ByteView payload = raw_.view().subspan(begin, static_cast<std::size_t>(payload_size));
  located(at, [&] { extensions_.add(type, payload); });
}

void Reader::Impl::read_entry(Block header, std::uint64_t at) {
  const char type = as_text(header)[field::kTypeFlag.offset];
  located(at, [&] {
    parse_header(header, entry_);
    extensions_.apply(entry_);
  });
  set_type(type);
  const bool regular = entry_.type == EntryType::regular;
  if (entry_.type != EntryType::symlink && entry_.type != EntryType::hardlink) entry_.link_name.clear();
  // Other types have no content, whatever their header says: so do Go and GNU tar read them.
  stored_left_ = regular ? entry_.header_size : 0;
  padding_left_ = padding_size(stored_left_);
  entry_.size = stored_left_;
  entry_.sparse = false;
  if (type == 'S') {
    read_gnu_sparse(header);
  } else {
    read_pax_sparse();
  }
}

void Reader::Impl::set_type(char type) {
  switch (type) {
    case '\0':  // before POSIX there was no type for directories
      entry_.type = entry_.name.ends_with('/') ? EntryType::directory : EntryType::regular;
      return;
    case '0':
    case 'S':
      entry_.type = EntryType::regular;
      return;
    case '1':
      entry_.type = EntryType::hardlink;
      return;
    case '2':
      entry_.type = EntryType::symlink;
      return;
    case '3':
      entry_.type = EntryType::character;
      return;
    case '4':
      entry_.type = EntryType::block;
      return;
    case '5':
      entry_.type = EntryType::directory;
      return;
    case '6':
      entry_.type = EntryType::fifo;
      return;
    default:
      throw UnsupportedError(shown_name(entry_.name) + ": tar entry of type " + quoted_type(type) + " (" +
                                 std::string(describe_type(type)) + "), which no image layer may hold",
                             "rebuild the layer without this entry");
  }
}

void Reader::Impl::read_gnu_sparse(Block header) {
  const std::uint64_t at = input_.offset() - kBlockSize;
  if (dialect_of(header) != Dialect::gnu) fail("sparse file of type 'S' whose header is not GNU's", at);
  const auto real_size = number_field(header, field::kGnuRealSize);
  if (!real_size || *real_size < 0) fail("sparse file: the real size is no number", at);
  map_.clear();
  located(at, [&] { append_gnu_segments(header, field::kGnuSparse, map_); });
  bool more = header[field::kGnuIsExtended.offset] != std::byte{0};
  while (more) {
    const std::uint64_t block_at = input_.offset();
    const Block block = take_sparse_block();
    located(block_at, [&] { append_gnu_segments(block, kExtensionArray, map_); });
    more = block[kExtensionIsExtended.offset] != std::byte{0};
  }
  set_sparse(static_cast<std::uint64_t>(*real_size));
}

void Reader::Impl::read_pax_sparse() {
  const std::uint64_t at = entry_.header_offset;
  auto sparse = located(at, [&] { return parse_pax_sparse(extensions_.records()); });
  if (!sparse) return;
  if (entry_.type != EntryType::regular) fail("sparse file that is no regular file", at);
  if (!sparse->name.empty()) entry_.name = sparse->name;
  if (sparse->map_in_payload) {
    SparseMapReader reader;
    bool complete = false;
    while (!complete) {
      if (stored_left_ < kBlockSize) fail("sparse file: the content ends inside its map", input_.offset());
      const std::uint64_t block_at = input_.offset();
      const Block block = take_sparse_block();
      stored_left_ -= kBlockSize;
      complete = located(block_at, [&] { return reader.feed(block); });
    }
    map_ = std::move(reader).take();
  } else {
    map_ = std::move(sparse->map);
  }
  set_sparse(sparse->real_size.value_or(entry_.header_size));
}

Block Reader::Impl::take_sparse_block() {
  check_extension_size(kBlockSize);
  const ByteView block = input_.peek(kBlockSize);
  if (block.size() < kBlockSize) fail_truncated("the map of a sparse file");
  input_.consume(kBlockSize);
  raw_.append(block);
  return block.first<kBlockSize>();
}

void Reader::Impl::set_sparse(std::uint64_t real_size) {
  if (real_size > options_.max_sparse_size) {
    fail("sparse file of " + std::to_string(real_size) + " bytes, at most " + std::to_string(options_.max_sparse_size) +
             " are read",
         entry_.header_offset, "rebuild the layer without this file");
  }
  located(entry_.header_offset, [&] { check_sparse_map(map_, real_size, stored_left_); });
  entry_.size = real_size;
  entry_.sparse = true;
  segment_ = 0;
  expanded_offset_ = 0;
}

ByteView Reader::Impl::payload(std::size_t max) {
  if (ended_) return {};
  return entry_.sparse ? sparse_payload(max) : stored_payload(max);
}

ByteView Reader::Impl::stored_payload(std::uint64_t max) {
  const std::uint64_t want = std::min(max, stored_left_);
  const ByteView piece = input_.take(want);
  if (piece.empty() && want > 0) {
    fail_truncated("the content, of which " + std::to_string(stored_left_) + " bytes are missing");
  }
  stored_left_ -= piece.size();
  return piece;
}

ByteView Reader::Impl::sparse_payload(std::size_t max) {
  while (segment_ < map_.size() && expanded_offset_ >= map_[segment_].offset + map_[segment_].size) ++segment_;
  const bool last = segment_ == map_.size();
  ByteView piece;
  if (!last && expanded_offset_ >= map_[segment_].offset) {
    const std::uint64_t end = map_[segment_].offset + map_[segment_].size;
    piece = stored_payload(std::min<std::uint64_t>(max, end - expanded_offset_));
  } else {
    const std::uint64_t hole = (last ? entry_.size : map_[segment_].offset) - expanded_offset_;
    piece =
        ByteView(kHole).first(static_cast<std::size_t>(std::min({std::uint64_t{max}, hole, std::uint64_t{kHoleSize}})));
  }
  expanded_offset_ += piece.size();
  return piece;
}

ByteView Reader::Impl::padding() {
  if (ended_) return {};
  skip_payload();
  const ByteView padding = input_.peek(padding_left_);
  input_.consume(padding.size());
  padding_left_ = 0;
  return padding;
}

ByteView Reader::Impl::trailing() {
  if (!ended_) return {};
  if (!raw_.empty()) {
    dangling_ = std::move(raw_);
    return dangling_.view();
  }
  return input_.take(SIZE_MAX);
}

void Reader::Impl::skip_payload() {
  const std::uint64_t skipped = input_.skip(stored_left_);
  stored_left_ -= skipped;
  if (stored_left_ > 0) {
    fail_truncated("the content, of which " + std::to_string(stored_left_) + " bytes are missing");
  }
  if (entry_.sparse) expanded_offset_ = entry_.size;
}

void Reader::Impl::check_extension_size(std::uint64_t more) const {
  if (more > options_.max_extension_bytes || raw_.size() > options_.max_extension_bytes - more) {
    fail("extension headers of one entry have more than " + std::to_string(options_.max_extension_bytes) + " bytes",
         input_.offset(), "rebuild the layer");
  }
}

Reader::Reader(io::ByteStream& stream, const ReaderOptions& options) : impl_(std::make_unique<Impl>(stream, options)) {}
Reader::~Reader() = default;

const Entry* Reader::next() { return impl_->next(); }
ByteView Reader::raw_header() const { return impl_->raw_header(); }
ByteView Reader::payload(std::size_t max) { return impl_->payload(max); }
ByteView Reader::padding() { return impl_->padding(); }
ByteView Reader::trailing() { return impl_->trailing(); }
std::uint64_t Reader::offset() const { return impl_->offset(); }

}  // namespace accel::tar
