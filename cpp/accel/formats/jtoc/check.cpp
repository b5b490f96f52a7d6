#include "accel/formats/jtoc/check.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::jtoc {

namespace {

[[noreturn]] void fail(const Entry& entry, const std::string& problem) {
  throw FormatError("TOC: " + problem, FormatError::Where{{}, entry.name, {}});
}

bool has_content(const Entry& entry) noexcept { return entry.kind == EntryKind::regular && entry.size > 0; }

void check_hardlinks(const Toc& toc, const NameMap& names) {
  enum class Mark : std::uint8_t { unknown, on_this_walk, ends_at_file };
  std::vector<Mark> marks(toc.entries.size(), Mark::unknown);
  std::vector<std::size_t> walk;
  for (std::size_t i = 0; i < toc.entries.size(); ++i) {
    walk.clear();
    std::size_t at = i;
    while (toc.entries[at].kind == EntryKind::hardlink && marks[at] != Mark::ends_at_file) {
      if (marks[at] == Mark::on_this_walk) fail(toc.entries[i], "hardlinks form a circle");
      marks[at] = Mark::on_this_walk;
      walk.push_back(at);
      const auto target = names.find(tar::clean_path(toc.entries[at].link_name));
      if (target == names.end())
        fail(toc.entries[at], "hardlink to " + toc.entries[at].link_name + ", which is not there");
      at = target->second;
      if (toc.entries[at].kind == EntryKind::directory) fail(toc.entries[i], "hardlink to a directory");
    }
    for (const std::size_t link : walk) marks[link] = Mark::ends_at_file;
  }
}

/// Checks the chunks of one file after another.
class ChunkChecker {
 public:
  ChunkChecker(const Toc& toc, const CheckRules& rules) : toc_(toc), rules_(rules) {}

  void check_all() {
    for (std::size_t i = 0; i < toc_.entries.size(); ++i) {
      const Entry& entry = toc_.entries[i];
      if (entry.kind == EntryKind::chunk) {
        if (i == 0 || !belongs_to_file(i)) fail(entry, "a chunk that follows no file with content");
      } else if (has_content(entry)) {
        check_file(i);
      }
    }
  }

 private:
  [[nodiscard]] bool belongs_to_file(std::size_t index) const noexcept {
    const Entry& before = toc_.entries[index - 1];
    return before.kind == EntryKind::chunk || has_content(before);
  }

  void check_file(std::size_t index) {
    const Entry& file = toc_.entries[index];
    if (file.offset < end_of_last_) fail(file, "it begins before the file in front of it ends");
    end_of_last_ = file.end_offset;
    std::uint64_t position = 0;
    std::size_t count = 0;
    for (std::size_t i = index; i < toc_.entries.size(); ++i, ++count) {
      const Entry& chunk = toc_.entries[i];
      if (i != index && chunk.kind != EntryKind::chunk) break;
      if (chunk.chunk_offset != position) fail(file, "its chunks do not follow each other");
      const std::uint64_t left = file.size - position;
      const std::uint64_t size = chunk.chunk_size == 0 ? left : chunk.chunk_size;
      if (left == 0 || size > left) fail(file, "its chunks are longer than the file");
      position += size;
      check_place(file, chunk);
    }
    if (position != file.size) fail(file, "its chunks are shorter than the file");
    check_digests(index, count);
  }

  void check_place(const Entry& file, const Entry& chunk) {
    if (chunk.inner_offset != 0 && !rules_.allow_inner_offset) fail(file, "innerOffset is not known in this format");
    if (chunk.offset >= rules_.data_end) fail(file, "a chunk lies beyond the data");
    if (chunk.end_offset != 0 && (chunk.end_offset <= chunk.offset || chunk.end_offset > rules_.data_end)) {
      fail(file, "endOffset lies outside the data");
    }
    const std::pair place(chunk.offset, chunk.inner_offset);
    if (any_place_ && place <= last_place_) fail(file, "its offset is not above the one before it");
    last_place_ = place;
    any_place_ = true;
  }

  void check_digests(std::size_t index, std::size_t count) const {
    const Entry& file = toc_.entries[index];
    if (!rules_.digest_per_chunk) {
      if (file.digest.empty()) fail(file, "it has no digest");
      return;
    }
    for (std::size_t i = index; i < index + count; ++i) {
      const bool whole = count == 1 && !file.digest.empty();
      if (toc_.entries[i].chunk_digest.empty() && !whole) fail(file, "a chunk of it has no digest");
    }
  }

  const Toc& toc_;
  const CheckRules& rules_;
  std::pair<std::uint64_t, std::uint64_t> last_place_{};
  bool any_place_ = false;
  std::uint64_t end_of_last_ = 0;  // of the file before; 0 when it does not say
};

}  // namespace

NameMap map_names(const Toc& toc) {
  NameMap names;
  for (std::size_t i = 0; i < toc.entries.size(); ++i) {
    const Entry& entry = toc.entries[i];
    if (entry.kind == EntryKind::chunk) continue;
    if (!names.emplace(tar::safe_path(entry.name), i).second) fail(entry, "two entries have this name");
  }
  return names;
}

void check_toc(const Toc& toc, const CheckRules& rules) {
  if (toc.version != kTocVersion) {
    throw FormatError("the TOC has version " + std::to_string(toc.version) + ", wanted " + std::to_string(kTocVersion));
  }
  check_hardlinks(toc, map_names(toc));
  ChunkChecker(toc, rules).check_all();
}

std::vector<Chunk> chunks_of(const Toc& toc, std::size_t index) {
  std::vector<Chunk> chunks;
  const Entry& file = toc.entries[index];
  if (!has_content(file)) return chunks;
  std::uint64_t position = 0;
  for (std::size_t i = index; i < toc.entries.size() && (i == index || toc.entries[i].kind == EntryKind::chunk); ++i) {
    const Entry& entry = toc.entries[i];
    const std::uint64_t size = entry.chunk_size == 0 ? file.size - position : entry.chunk_size;
    chunks.push_back({entry.offset, entry.inner_offset, position, size, 0, entry.chunk_digest, entry.zeros});
    // Go's writer of the C dialect sets it on the file only; it is where the last chunk ends.
    chunks.back().end_offset = i == index ? 0 : entry.end_offset;
    position += size;
  }
  if (chunks.back().end_offset == 0) chunks.back().end_offset = file.end_offset;
  if (chunks.size() == 1 && chunks.front().digest.empty()) chunks.front().digest = file.digest;
  return chunks;
}

std::vector<std::uint64_t> unit_offsets(const Toc& toc) {
  std::vector<std::uint64_t> offsets = {0};
  const auto add = [&](std::uint64_t offset) {
    if (offset > offsets.back()) offsets.push_back(offset);
  };
  std::uint64_t file_end = 0;
  for (const Entry& entry : toc.entries) {
    if (!has_content(entry) && entry.kind != EntryKind::chunk) continue;
    if (entry.kind == EntryKind::regular) {
      add(file_end);
      file_end = entry.end_offset;
    }
    add(entry.offset);
  }
  add(file_end);
  return offsets;
}

std::size_t find_file(const Toc& toc, const NameMap& names, std::string_view clean_path) {
  auto found = names.find(std::string(clean_path));
  while (found != names.end() && toc.entries[found->second].kind == EntryKind::hardlink) {
    found = names.find(tar::clean_path(toc.entries[found->second].link_name));
  }
  return found == names.end() ? toc.entries.size() : found->second;
}

}  // namespace accel::formats::jtoc
