#include "accel/formats/nydus/rafs/v6_reader.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "accel/formats/nydus/rafs/v6_inode.hpp"
#include "accel/formats/nydus/rafs/v6_tables.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kSlot = 32, kDirectoryEntry = 12, kChunkEntry = 8;
constexpr std::uint32_t kChunkIndexes = 0x20, kChunkBits = 0x1F;

/// The type field of a directory entry; 0 (unknown) is allowed by EROFS, but no writer of RAFS uses it.
std::uint8_t entry_type(tar::EntryType type) {
  switch (type) {
    case tar::EntryType::directory:
      return 2;
    case tar::EntryType::character:
      return 3;
    case tar::EntryType::block:
      return 4;
    case tar::EntryType::fifo:
      return 5;
    case tar::EntryType::symlink:
      return 7;
    default:
      return 1;
  }
}

class Reader {
 public:
  Reader(ByteView bytes, const BootstrapLimits& limits)
      : bytes_(bytes), limits_(limits), super_(read_v6_super(bytes_)), seen_(bytes_.size() / kSlot + 1) {}

  Rafs read() {
    rafs_.version = FsVersion::v6;
    rafs_.chunk_size = super_.chunk_size;
    rafs_.compressor = super_.compressor;
    rafs_.digester = super_.digester;
    rafs_.explicit_ids = super_.explicit_ids();
    rafs_.has_xattrs = super_.has_xattrs();
    rafs_.blobs = read_v6_blobs(bytes_, super_);
    rafs_.chunks = read_v6_chunks(bytes_, super_, rafs_.blobs);
    places_.emplace(rafs_.chunks, super_);
    const std::vector<std::uint32_t> prefetch = read_v6_prefetch(bytes_, super_);
    for (const std::uint32_t nid : prefetch) wanted_.emplace(nid, Tree::kNone);

    read_tree();
    check_counts();
    for (const std::uint32_t nid : prefetch) {
      const Tree::Name name = wanted_.at(nid);
      if (name == Tree::kNone) {
        BootstrapBytes::fail("the prefetch table lists inode " + std::to_string(nid) + ", which has no name",
                             super_.prefetch.offset);
      }
      rafs_.prefetch.push_back(rafs_.tree.path(name));
    }
    return std::move(rafs_);
  }

 private:
  /// A directory whose entries are still to be read.
  struct Directory {
    Tree::Name name;
    std::uint64_t nid, parent_nid;
    V6Inode inode;
    std::size_t path_size;
  };
  /// An inode with several names.
  struct Group {
    std::uint32_t inode, names_left;
    std::uint64_t offset;
  };

  void read_tree() {
    const V6Inode root = read_v6_inode(bytes_, super_, super_.root_nid, "/");
    if (root.type != tar::EntryType::directory) BootstrapBytes::fail("the root is no directory", root.offset);
    mark(super_.root_nid, root.offset, "/");
    rafs_.tree.inode(Tree::kRoot) = value_of(root, "/");
    names_ = 1;
    want(super_.root_nid, Tree::kRoot);
    directories_.push_back({Tree::kRoot, super_.root_nid, super_.root_nid, root, 0});
    while (!directories_.empty()) {
      const Directory directory = directories_.back();
      directories_.pop_back();
      read_directory(directory);
    }
  }

  void check_counts() const {
    if (names_ != super_.names) {
      BootstrapBytes::fail(
          "the superblock counts " + std::to_string(super_.names) + " names, there are " + std::to_string(names_),
          1024 + 16);
    }
    for (const auto& [nid, group] : groups_) {
      if (group.names_left == 0) continue;
      BootstrapBytes::fail("an inode's link count is above the number of its names", group.offset);
    }
  }

  void read_directory(const Directory& directory) {
    const std::string path = rafs_.tree.path(directory.name);
    bytes_.claim(directory.inode.size, directory.inode.offset);
    const V6Content content = v6_content(bytes_, super_, directory.inode, path);
    std::string previous;
    std::uint32_t below = 0;  // directories
    dots_ = 0;
    for (std::uint64_t at = 0; at < content.blocks.size(); at += super_.block_size) {
      const std::size_t size = std::min<std::size_t>(super_.block_size, content.blocks.size() - at);
      below += read_block(directory, content.blocks.subspan(at, size), content.blocks_offset + at, previous, path);
    }
    if (!content.tail.empty()) below += read_block(directory, content.tail, content.tail_offset, previous, path);
    if (dots_ != 2) BootstrapBytes::fail("a directory has no . or no ..", directory.inode.offset, path);
    if (directory.inode.link_count != below + 2) {
      BootstrapBytes::fail("a directory's link count is not that of its subdirectories", directory.inode.offset, path);
    }
  }

  /// Reads one block of directory entries; returns how many subdirectories it names. Spec: rafs-v6.md 8.2.
  std::uint32_t read_block(const Directory& directory, ByteView block, std::uint64_t offset, std::string& previous,
                           const std::string& path) {
    if (block.size() < kDirectoryEntry) BootstrapBytes::fail("a directory block is cut", offset, path);
    const Record record(block, offset);
    const std::size_t names_begin = record.u16(8);
    if (names_begin == 0 || names_begin % kDirectoryEntry != 0 || names_begin > block.size()) {
      BootstrapBytes::fail("a directory block has no valid number of entries", offset + 8, path);
    }
    std::uint32_t below = 0;
    for (std::size_t at = 0; at < names_begin; at += kDirectoryEntry) {
      const std::size_t begin = record.u16(at + 8);
      const bool last = at + kDirectoryEntry == names_begin;
      std::size_t end = last ? block.size() : record.u16(at + kDirectoryEntry + 8);
      if (begin < names_begin || begin > end || end > block.size()) {
        BootstrapBytes::fail("a name of a directory is not inside its block", offset + at + 8, path);
      }
      std::string_view name = as_text(block.subspan(begin, end - begin));
      if (last) name = name.substr(0, name.find('\0'));
      check_name(name, previous, offset + begin, path);
      previous = name;
      if (add_entry(directory, record.u64(at), name, record.u8(at + 10), offset + at, path)) ++below;
    }
    return below;
  }

  static void check_name(std::string_view name, const std::string& previous, std::uint64_t offset,
                         const std::string& path) {
    if (name.empty() || name.size() > tar::kMaxComponentSize || name.find('\0') != std::string_view::npos ||
        name.find('/') != std::string_view::npos) {
      BootstrapBytes::fail("a directory holds a name that no file can have", offset, path);
    }
    if (name <= previous) BootstrapBytes::fail("the names of a directory are not sorted", offset, path);
  }

  /// True when the entry is a subdirectory.
  bool add_entry(const Directory& directory, std::uint64_t nid, std::string_view name, std::uint8_t type,
                 std::uint64_t offset, const std::string& path) {
    if (name == "." || name == "..") {
      ++dots_;
      if (nid != (name == "." ? directory.nid : directory.parent_nid) || type != 2) {
        BootstrapBytes::fail("the entry " + std::string(name) + " of a directory leads elsewhere", offset, path);
      }
      return false;
    }
    const std::string child_path = std::string(path == "/" ? "" : path).append("/").append(name);
    if (child_path.size() - 1 > tar::kMaxPathSize) BootstrapBytes::fail("a path is too long", offset, child_path);
    if (++names_ > std::min(super_.names, limits_.max_names)) {
      BootstrapBytes::fail(
          "there are more names than the superblock counts, or than the limit of " + std::to_string(limits_.max_names),
          offset, child_path);
    }
    if (const auto group = groups_.find(nid); group != groups_.end()) {
      if (group->second.names_left == 0 || type != 1) {
        BootstrapBytes::fail("an inode has more names than its link count, or of two types", offset, child_path);
      }
      --group->second.names_left;
      rafs_.tree.add(directory.name, name, group->second.inode);
      return false;
    }
    const V6Inode inode = read_v6_inode(bytes_, super_, nid, child_path);
    if (type != entry_type(inode.type)) {
      BootstrapBytes::fail("a directory entry's type is not its inode's", offset + 10, child_path);
    }
    mark(nid, offset, child_path);
    const std::uint32_t number = rafs_.tree.add_inode(value_of(inode, child_path));
    const Tree::Name entry = rafs_.tree.add(directory.name, name, number);
    want(nid, entry);
    if (inode.type == tar::EntryType::directory) {
      directories_.push_back({entry, nid, directory.nid, inode, child_path.size()});
      return true;
    }
    if (inode.link_count == 0 || (inode.link_count > 1 && inode.type != tar::EntryType::regular)) {
      BootstrapBytes::fail("an inode has an impossible link count", inode.offset, child_path);
    }
    if (inode.link_count > 1) groups_.emplace(nid, Group{number, inode.link_count - 1, inode.offset});
    return false;
  }

  /// Every inode but those in `groups_` has one name, so that directories make a tree.
  void mark(std::uint64_t nid, std::uint64_t offset, const std::string& path) {
    if (seen_[nid]) BootstrapBytes::fail("an inode has more names than its link count", offset, path);
    seen_[nid] = true;
  }

  void want(std::uint64_t nid, Tree::Name name) {
    const auto found = nid > UINT32_MAX ? wanted_.end() : wanted_.find(static_cast<std::uint32_t>(nid));
    if (found != wanted_.end()) found->second = name;
  }

  /// The inode with its xattrs, symlink target and chunks.
  Inode value_of(const V6Inode& from, const std::string& path) {
    bytes_.claim(from.end - from.offset, from.offset);
    Inode inode;
    inode.type = from.type;
    inode.implicit = from.implicit;
    inode.mode = from.mode;
    inode.uid = from.uid;
    inode.gid = from.gid;
    inode.mtime = from.mtime;
    inode.mtime_nanoseconds = from.mtime_nanoseconds;
    if (from.xattr_size != 0) {
      if (!super_.has_xattrs()) BootstrapBytes::fail("there are xattrs, but no flag says so", from.offset, path);
      inode.xattrs = rafs_.tree.add_xattrs(read_v6_xattrs(bytes_, from, path));
    }
    switch (from.type) {
      case tar::EntryType::regular:
        inode.size = from.size;
        read_file(from, inode, path);
        break;
      case tar::EntryType::symlink:
        inode.link_target = rafs_.tree.add_text(read_target(from, path));
        break;
      case tar::EntryType::character:
      case tar::EntryType::block:
        inode.device = from.place;
        break;
      default:
        break;
    }
    return inode;
  }

  std::string read_target(const V6Inode& inode, const std::string& path) {
    if (inode.size == 0 || inode.size > 4096) {
      BootstrapBytes::fail("a symlink's target is empty or longer than 4096 bytes", inode.offset + 8, path);
    }
    bytes_.claim(inode.size, inode.offset);
    const V6Content content = v6_content(bytes_, super_, inode, path);
    const std::string target = to_string(content.blocks).append(as_text(content.tail));
    if (target.find('\0') != std::string::npos) {
      BootstrapBytes::fail("a symlink's target holds a NUL", inode.offset, path);
    }
    return target;
  }

  /// Spec: rafs-v6.md 9.
  void read_file(const V6Inode& from, Inode& inode, const std::string& path) {
    const std::uint64_t count = from.size / super_.chunk_size + (from.size % super_.chunk_size != 0 ? 1 : 0);
    if (count > bytes_.size() / kChunkEntry) BootstrapBytes::fail("a file's size is impossible", from.offset + 8, path);
    const std::uint64_t table = (from.end + kChunkEntry - 1) / kChunkEntry * kChunkEntry;
    bytes_.claim(count * kChunkEntry, from.offset);
    static_cast<void>(bytes_.at(table, count * kChunkEntry, "the chunks of a file"));
    const std::uint64_t extent = extent_size(from, path);
    inode.first_chunk = static_cast<std::uint32_t>(rafs_.file_chunks.size());
    inode.chunk_count = static_cast<std::uint32_t>(count);
    std::uint64_t left = from.size;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t offset = table + i * kChunkEntry;
      const Record record(bytes_.at(offset, kChunkEntry, "the chunks of a file"), offset);
      const std::uint32_t size = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, super_.chunk_size));
      const std::uint32_t position = find_chunk(record, size, path);
      const bool continues = i * super_.chunk_size % extent != 0;
      if (continues && !follows(position)) {
        BootstrapBytes::fail("a file's chunks are not adjacent, as its chunk format says", offset, path);
      }
      rafs_.file_chunks.push_back(position);
      left -= size;
    }
  }

  /// How many bytes the kernel takes for one piece. Spec: rafs-v6.md 9.1.
  std::uint64_t extent_size(const V6Inode& inode, const std::string& path) const {
    const std::uint64_t bits = inode.place & kChunkBits;
    const std::uint64_t extent = std::uint64_t{super_.block_size} << bits;
    if ((inode.place & ~kChunkBits) != kChunkIndexes || extent < super_.chunk_size) {
      BootstrapBytes::fail("a file has no valid chunk format", inode.offset + 16, path);
    }
    return extent;
  }

  /// True when the chunk lies behind the one added last, in the same blob.
  [[nodiscard]] bool follows(std::uint32_t position) const {
    const Chunk& previous = rafs_.chunks[rafs_.file_chunks.back()];
    const Chunk& chunk = rafs_.chunks[position];
    return chunk.blob == previous.blob && chunk.uncompressed_offset == previous.uncompressed_offset + super_.chunk_size;
  }

  /// Resolves one 8-byte entry. Spec: rafs-v6.md 9.2.
  std::uint32_t find_chunk(const Record& entry, std::uint32_t size, const std::string& path) {
    const std::uint32_t device = entry.u8(2);
    const std::uint32_t index = entry.u16(0) | std::uint32_t{entry.u8(3)} << 16U;
    const std::uint32_t block = entry.u32(4);
    if (device == 0 || device > rafs_.blobs.size()) {
      BootstrapBytes::fail("a chunk of a file is in a blob that is not listed", entry.offset() + 2, path);
    }
    if (super_.tarfs()) return add_tar_chunk(entry, device - 1, index, size, path);
    const std::uint32_t position = places_->find(device - 1, index, block);
    if (position == ChunkPlaces::kNone) {
      BootstrapBytes::fail("a chunk of a file is not in the chunk table", entry.offset(), path);
    }
    if (rafs_.chunks[position].uncompressed_size != size) {
      BootstrapBytes::fail("a chunk does not have the size that its file needs", entry.offset(), path);
    }
    return position;
  }

  /// In a TARFS image the chunk is at its block address in the tar, and has no digest. Spec: nydus-blob.md 13.
  std::uint32_t add_tar_chunk(const Record& entry, std::uint32_t blob, std::uint32_t index, std::uint32_t size,
                              const std::string& path) {
    const std::uint64_t place = std::uint64_t{entry.u32(4)} * super_.block_size;
    if (place > rafs_.blobs[blob].compressed_size || size > rafs_.blobs[blob].compressed_size - place) {
      BootstrapBytes::fail("a chunk ends beyond its tar", entry.offset(), path);
    }
    Chunk chunk;
    chunk.blob = blob;
    chunk.index = index;
    chunk.compressed_size = chunk.uncompressed_size = size;
    chunk.compressed_offset = chunk.uncompressed_offset = place;
    rafs_.chunks.push_back(chunk);
    return static_cast<std::uint32_t>(rafs_.chunks.size() - 1);
  }

  BootstrapBytes bytes_;
  const BootstrapLimits limits_;
  const V6Super super_;
  Rafs rafs_;
  std::optional<ChunkPlaces> places_;
  std::vector<Directory> directories_;
  std::vector<bool> seen_;  // by nid
  std::unordered_map<std::uint64_t, Group> groups_;
  std::unordered_map<std::uint32_t, Tree::Name> wanted_;  // of the prefetch table
  std::uint64_t names_ = 0;
  int dots_ = 0;  // of the directory being read
};

}  // namespace

Rafs read_v6(ByteView bytes, const BootstrapLimits& limits) { return Reader(bytes, limits).read(); }

}  // namespace accel::formats::nydus
