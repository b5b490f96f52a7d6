#include "accel/formats/toc_walk.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/jtoc/timestamp.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats {

namespace {

/// A header and the TOC entry that should say the same.
class EntryComparison {
 public:
  EntryComparison(const tar::Entry& header, const jtoc::Entry& entry, TocStyle style)
      : header_(header), entry_(entry), style_(style) {}

  void run() const {
    const bool is_regular = header_.type == tar::EntryType::regular;
    const bool is_device = header_.type == tar::EntryType::character || header_.type == tar::EntryType::block;
    const bool all_fields = style_ != TocStyle::stargz;
    same(entry_.kind == jtoc::kind_of(header_.type), "type");
    if (is_regular) same(entry_.size == header_.size, "size");
    same(entry_.link_name == header_.link_name, "link target");
    same(entry_.mode == header_.mode, "mode");
    same(entry_.uid == header_.uid && entry_.gid == header_.gid, "owner");
    if (!entry_.user_name.empty()) same(entry_.user_name == header_.user_name, "user name");
    if (!entry_.group_name.empty()) same(entry_.group_name == header_.group_name, "group name");
    if (is_device || all_fields) {
      same(entry_.device_major == header_.device_major && entry_.device_minor == header_.device_minor, "device");
    }
    same(std::equal(entry_.xattrs.begin(), entry_.xattrs.end(), header_.xattrs.begin(), header_.xattrs.end(),
                    [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }),
         "extended attributes");
    compare_times();
  }

 private:
  void compare_times() const {
    const tar::Time modtime = entry_.modtime.value_or(tar::Time{});
    if (style_ == TocStyle::stargz) {
      // What is left out stands for the whole first second (estargz.md 5.2).
      const bool left_out = !entry_.modtime && header_.mtime.seconds == 0;
      same(left_out || modtime == jtoc::round_to_seconds(header_.mtime), "modification time");
      return;
    }
    // Absent and Unix 0 are the same (zstdchunked.md 4, step 3).
    same(modtime == header_.mtime, "modification time");
    same(entry_.accesstime.value_or(tar::Time{}) == header_.atime.value_or(tar::Time{}), "access time");
    same(entry_.changetime.value_or(tar::Time{}) == header_.ctime.value_or(tar::Time{}), "change time");
  }

  void same(bool equal, const char* what) const {
    if (equal) return;
    throw FormatError(std::string("the TOC and the tar header disagree about the ") + what,
                      FormatError::Where{{}, tar::shown_name(header_.name), header_.header_offset});
  }

  const tar::Entry& header_;
  const jtoc::Entry& entry_;
  const TocStyle style_;
};

class LayerWalk {
 public:
  LayerWalk(io::ByteStream& stream, UnitStream& units, const jtoc::Toc& toc, const WalkOptions& options,
            LayerVisitor& visitor)
      : reader_(stream), units_(units), toc_(toc), options_(options), visitor_(visitor) {}

  void run() {
    while (const tar::Entry* const entry = reader_.next()) {
      options_.cancel.check();
      if (after_toc_) fail(*entry, "an entry follows the TOC");
      if (options_.ends_with_toc && tar::clean_path(entry->name) == jtoc::kTocName) {
        after_toc_ = true;
        continue;
      }
      walk_entry(*entry);
    }
    if (next_ != toc_.entries.size()) {
      throw FormatError("the TOC lists an entry that the layer does not have",
                        FormatError::Where{{}, tar::shown_name(toc_.entries[next_].name), {}});
    }
    if (options_.ends_with_toc && !after_toc_) throw FormatError("the layer's last entry is not its TOC");
    while (!reader_.trailing().empty()) options_.cancel.check();
    check_end_of_content();
  }

 private:
  [[noreturn]] static void fail(const tar::Entry& entry, const std::string& problem) {
    throw FormatError(problem, FormatError::Where{{}, tar::shown_name(entry.name), entry.header_offset});
  }

  void walk_entry(const tar::Entry& entry) {
    if (next_ == toc_.entries.size()) fail(entry, "the layer has an entry that the TOC does not list");
    const jtoc::Entry& listed = toc_.entries[next_];
    if (listed.name != entry.name) fail(entry, "the TOC lists " + tar::shown_name(listed.name) + " in its place");
    EntryComparison(entry, listed, options_.style).run();
    const hash::Digest content = entry.type == tar::EntryType::regular ? walk_content(entry, listed) : hash::Digest{};
    if (!jtoc::is_added_by_format(tar::clean_path(entry.name))) visitor_.entry(entry, content);
    do {
      ++next_;
    } while (next_ < toc_.entries.size() && toc_.entries[next_].kind == jtoc::EntryKind::chunk);
  }

  hash::Digest walk_content(const tar::Entry& entry, const jtoc::Entry& listed) {
    const std::vector<jtoc::Chunk> chunks = jtoc::chunks_of(toc_, next_);
    hash::Hasher file;
    hash::Digest digest = hash::sha256({});
    for (const jtoc::Chunk& chunk : chunks) {
      const hash::Digest actual = read_chunk(entry, chunk, chunks.size() > 1 ? &file : nullptr);
      expect(chunk.digest, actual, entry, "chunk at offset " + std::to_string(chunk.file_offset) + " of ", chunk.size);
      digest = actual;
    }
    if (chunks.size() > 1) digest = file.finish();
    expect(listed.digest, digest, entry, "", entry.size);
    return digest;
  }

  static void expect(const hash::Digest& wanted, const hash::Digest& actual, const tar::Entry& entry,
                     const std::string& what, std::uint64_t length) {
    if (wanted.empty() || wanted == actual) return;
    throw DigestMismatch(what + tar::shown_name(entry.name), wanted.to_string(), actual.to_string(), length);
  }

  hash::Digest read_chunk(const tar::Entry& entry, const jtoc::Chunk& chunk, hash::Hasher* file) {
    hash::Hasher hasher;
    while (hasher.length() < chunk.size) {
      const ByteView piece =
          reader_.payload(static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size - hasher.length(), SIZE_MAX)));
      if (piece.empty()) fail(entry, "its content is shorter than its chunks");
      if (hasher.length() == 0) check_begin(entry, chunk);
      hasher.update(piece);
      if (file != nullptr) file->update(piece);
      if (chunk.zeros && std::any_of(piece.begin(), piece.end(), [](std::byte b) { return b != std::byte{0}; })) {
        fail(entry, "a chunk said to be a hole is not zero");
      }
    }
    if (chunk.end_offset != 0) {
      content_end_ = {chunk.end_offset, entry.payload_offset + chunk.file_offset + chunk.size};
    }
    return hasher.finish();
  }

  /// The chunk must be where the TOC says: readers go there without seeing what comes before.
  void check_begin(const tar::Entry& entry, const jtoc::Chunk& chunk) {
    check_end_of_content();
    const std::uint64_t begin = units_.begin_of(chunk.offset) + chunk.inner_offset;
    if (begin != entry.payload_offset + chunk.file_offset) {
      fail(entry, "the chunk at offset " + std::to_string(chunk.file_offset) + " is not where the TOC says");
    }
  }

  /// Checked late, when the unit behind the content has been read.
  void check_end_of_content() {
    const auto [offset, position] = std::exchange(content_end_, {0, 0});
    if (offset == 0 || position == units_.length()) return;
    if (units_.begin_of(offset) != position) {
      throw FormatError("an endOffset of the TOC is not where its file ends", FormatError::Where{{}, {}, offset});
    }
  }

  tar::Reader reader_;
  UnitStream& units_;
  const jtoc::Toc& toc_;
  const WalkOptions& options_;
  LayerVisitor& visitor_;
  std::size_t next_ = 0;  // entry of the TOC that should come next
  bool after_toc_ = false;
  std::pair<std::uint64_t, std::uint64_t> content_end_{};  // endOffset and the position in the stream it stands for
};

}  // namespace

void walk_layer(io::ByteStream& stream, UnitStream& units, const jtoc::Toc& toc, const WalkOptions& options,
                LayerVisitor& visitor) {
  LayerWalk(stream, units, toc, options, visitor).run();
}

void list_toc(const jtoc::Toc& toc, LayerVisitor& visitor) {
  const hash::Digest empty = hash::sha256({});
  for (const jtoc::Entry& entry : toc.entries) {
    if (entry.kind == jtoc::EntryKind::chunk || jtoc::is_added_by_format(tar::clean_path(entry.name))) continue;
    hash::Digest content;
    if (entry.kind == jtoc::EntryKind::regular) {
      content = entry.digest;
      if (content.empty()) content = entry.size == 0 ? empty : entry.chunk_digest;
    }
    visitor.entry(jtoc::to_header(entry), content);
  }
}

}  // namespace accel::formats
