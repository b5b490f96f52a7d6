#include "accel/formats/nydus/rafs/v5_reader.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/raw_digest.hpp"
#include "accel/formats/nydus/rafs/table_checks.hpp"
#include "accel/formats/nydus/rafs/v5_tables.hpp"
#include "accel/tar/path.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kChunkEntry = 80;
constexpr std::uint32_t kRootIndex = 1;

bool same_chunk(const Chunk& a, const Chunk& b) {
  return a.digest == b.digest && a.flags == b.flags && a.compressed_size == b.compressed_size &&
         a.uncompressed_size == b.uncompressed_size && a.compressed_offset == b.compressed_offset &&
         a.uncompressed_offset == b.uncompressed_offset && a.crc32c == b.crc32c;
}

std::uint64_t key_of(const Chunk& chunk) { return std::uint64_t{chunk.blob} << 32U | chunk.index; }

class Reader {
 public:
  Reader(ByteView bytes, const BootstrapLimits& limits) : bytes_(bytes), super_(read_v5_super(bytes_)) {
    if (super_.entries > limits.max_names) {
      BootstrapBytes::fail("it has more names than the limit of " + std::to_string(limits.max_names), 56);
    }
    places_.resize(super_.entries + std::size_t{1});
  }

  Rafs read() {
    rafs_.version = FsVersion::v5;
    rafs_.chunk_size = super_.chunk_size;
    rafs_.compressor = super_.compressor;
    rafs_.digester = super_.digester;
    rafs_.explicit_ids = super_.explicit_ids();
    rafs_.has_xattrs = super_.has_xattrs();
    rafs_.blobs = read_v5_blobs(bytes_, super_);
    // A child has a higher index than its directory, so that every parent is known before its children.
    for (std::uint32_t index = kRootIndex; index <= super_.entries; ++index) read_name(index);
    check_groups();
    merge_chunks();
    fill_unknown_sizes();
    read_prefetch();
    return std::move(rafs_);
  }

 private:
  /// What is known of an index before its record is read, and then what it became.
  struct Place {
    std::uint32_t parent_index = 0;
    Tree::Name name = Tree::kNone;
    std::uint32_t path_size = 0;
  };
  struct Group {
    std::uint32_t inode, names_left;
    std::uint64_t offset;
    RawDigest digest;
  };

  void read_name(std::uint32_t index) {
    V5Record record = read_v5_record(bytes_, super_, index);
    bytes_.claim(record.end - record.offset, record.offset);
    Place& place = places_[index];
    const std::string path = path_of(index, record);
    check_identity(index, record, path);
    if (index == kRootIndex) {
      place.name = Tree::kRoot;
      rafs_.tree.inode(Tree::kRoot) = value_of(record, path);
    } else {
      const Tree::Name parent = places_[place.parent_index].name;
      place.name = rafs_.tree.add(parent, record.name, inode_of(record, path));
      place.path_size = static_cast<std::uint32_t>(path.size());
    }
    check_digest(record, path);
    if (record.value.type == tar::EntryType::directory) claim_children(index, record, path);
  }

  std::string path_of(std::uint32_t index, const V5Record& record) const {
    if (index == kRootIndex) return "/";
    const Place& place = places_[index];
    const std::string name(record.name);
    if (place.parent_index == 0) BootstrapBytes::fail("a record belongs to no directory", record.offset, name);
    if (name == "." || name == ".." || name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
      BootstrapBytes::fail("a directory holds a name that no file can have", record.offset, name);
    }
    const Place& parent = places_[place.parent_index];
    if (parent.path_size + 1 + name.size() > tar::kMaxPathSize + 1) {
      BootstrapBytes::fail("a path is too long", record.offset, name);
    }
    const std::string above = rafs_.tree.path(parent.name);
    return (above == "/" ? above : above + "/") + name;
  }

  void check_identity(std::uint32_t index, const V5Record& record, const std::string& path) {
    if (index == kRootIndex) {
      if (record.value.type != tar::EntryType::directory || record.parent != 0 || record.name != "/") {
        BootstrapBytes::fail("the first record is not the root directory's", record.offset);
      }
    } else if (record.parent != places_[index].parent_index) {
      BootstrapBytes::fail("a record's parent is not its directory", record.offset + 32, path);
    }
    const bool linked = record.value.type == tar::EntryType::regular && record.link_count > 1;
    if (linked ? record.number == 0 || record.number > index : record.number != index) {
      BootstrapBytes::fail("a record's inode number is not its place", record.offset + 40, path);
    }
    if (!linked && record.value.type != tar::EntryType::directory && record.link_count != 1) {
      BootstrapBytes::fail("an inode has an impossible link count", record.offset + 88, path);
    }
  }

  /// The inode of a name: a new one, or that of its group. Names of a group may disagree about attributes, as the
  /// reference writes them (corrections.md 6); the first name's are taken.
  std::uint32_t inode_of(V5Record& record, const std::string& path) {
    if (record.value.type != tar::EntryType::regular || record.link_count == 1) return add_inode(record, path);
    const auto found = groups_.find(record.number);
    if (found == groups_.end()) {
      const std::uint32_t inode = add_inode(record, path);
      groups_.emplace(record.number, Group{inode, record.link_count - 1, record.offset, record.digest});
      return inode;
    }
    Group& group = found->second;
    if (group.names_left == 0) BootstrapBytes::fail("an inode has more names than its links", record.offset, path);
    if (group.digest != record.digest) {
      BootstrapBytes::fail("two names of one inode have different content", record.offset, path);
    }
    --group.names_left;
    return group.inode;
  }

  std::uint32_t add_inode(V5Record& record, const std::string& path) {
    return rafs_.tree.add_inode(value_of(record, path));
  }

  Inode value_of(V5Record& record, const std::string& path) {
    Inode inode = record.value;
    if (record.has_xattrs) {
      Xattrs xattrs = read_v5_xattrs(record);
      if (!xattrs.empty()) inode.xattrs = rafs_.tree.add_xattrs(std::move(xattrs));
    }
    if (inode.type == tar::EntryType::symlink) inode.link_target = rafs_.tree.add_text(record.link_target);
    if (inode.type != tar::EntryType::regular) return inode;
    inode.first_chunk = static_cast<std::uint32_t>(rafs_.file_chunks.size());
    std::uint64_t place = 0;
    for (std::size_t at = 0; at < record.chunks.size(); at += kChunkEntry) {
      const Record entry(record.chunks.subspan(at, kChunkEntry), record.chunks_offset + at);
      const Chunk chunk = read_chunk(entry, rafs_.blobs, super_.chunk_size, FsVersion::v5);
      const std::uint64_t size = std::min<std::uint64_t>(inode.size - place, super_.chunk_size);
      if (entry.u64(64) != place || chunk.uncompressed_size != size) {
        BootstrapBytes::fail("a file's chunks are not its content in order", entry.offset(), path);
      }
      place += size;
      rafs_.file_chunks.push_back(static_cast<std::uint32_t>(rafs_.chunks.size()));
      rafs_.chunks.push_back(chunk);
    }
    return inode;
  }

  /// Spec: rafs-v5.md 13.
  void check_digest(const V5Record& record, const std::string& path) const {
    Bytes text;
    switch (record.value.type) {
      case tar::EntryType::regular:
        for (std::size_t at = 0; at < record.chunks.size(); at += kChunkEntry) {
          const ByteView digest = record.chunks.subspan(at, sizeof(RawDigest));
          text.insert(text.end(), digest.begin(), digest.end());
        }
        break;
      case tar::EntryType::symlink:
        text = to_bytes(as_bytes(record.link_target));
        break;
      case tar::EntryType::directory:
        return;  // when the children's records are known to be there
      default:
        break;
    }
    require_digest(record, text, path);
  }

  void require_digest(const V5Record& record, ByteView text, const std::string& path) const {
    const RawDigest actual = raw_digest(super_.digester, text);
    if (actual == record.digest) return;
    throw DigestMismatch("inode digest of " + tar::shown_name(path), hex_encode(record.digest), hex_encode(actual),
                         text.size());
  }

  /// Gives a directory its children: a range of indexes that no other directory has.
  void claim_children(std::uint32_t index, const V5Record& record, const std::string& path) {
    const std::uint64_t begin = record.first_child;
    const std::uint64_t end = begin + record.children;
    if (record.children != 0 && (begin <= index || end > std::uint64_t{super_.entries} + 1)) {
      BootstrapBytes::fail("a directory's children have impossible indexes", record.offset + 92, path);
    }
    Bytes digests;
    std::string_view previous;
    std::uint32_t below = 0;
    for (std::uint64_t child = begin; record.children != 0 && child < end; ++child) {
      Place& place = places_[child];
      if (place.parent_index != 0) {
        BootstrapBytes::fail("two directories have the same child", record.offset + 92, path);
      }
      place.parent_index = index;
      const V5Record entry = read_v5_record(bytes_, super_, static_cast<std::uint32_t>(child));
      if (entry.name <= previous) BootstrapBytes::fail("the names of a directory are not sorted", entry.offset, path);
      previous = entry.name;
      digests.insert(digests.end(), entry.digest.begin(), entry.digest.end());
      if (entry.value.type == tar::EntryType::directory) ++below;
    }
    require_digest(record, digests, path);
    if (record.link_count != below + 2) {
      BootstrapBytes::fail("a directory's link count is not that of its subdirectories", record.offset + 88, path);
    }
  }

  void check_groups() const {
    for (const auto& [number, group] : groups_) {
      if (group.names_left == 0) continue;
      BootstrapBytes::fail("an inode's link count is above the number of its names", group.offset + 88);
    }
  }

  /// Every use of a chunk has a full entry of its own: keeps each chunk once, in the order of blobs and indexes.
  void merge_chunks() {
    std::vector<std::uint32_t> order(rafs_.chunks.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(key_of(rafs_.chunks[a]), a) < std::pair(key_of(rafs_.chunks[b]), b);
    });
    std::vector<std::uint32_t> renumbered(order.size());
    std::vector<Chunk> once;
    for (const std::uint32_t number : order) {
      const Chunk& chunk = rafs_.chunks[number];
      if (once.empty() || key_of(once.back()) != key_of(chunk)) {
        once.push_back(chunk);
      } else if (!same_chunk(once.back(), chunk)) {
        throw FormatError("read a bootstrap: chunk " + std::to_string(chunk.index) + " of blob " +
                              rafs_.blobs[chunk.blob].id + " is described in two ways",
                          "convert the image again");
      }
      renumbered[number] = static_cast<std::uint32_t>(once.size() - 1);
    }
    for (std::uint32_t& chunk : rafs_.file_chunks) chunk = renumbered[chunk];
    once.shrink_to_fit();
    rafs_.chunks = std::move(once);
  }

  /// Old images do not say how large their blobs are: as far as their chunks go.
  void fill_unknown_sizes() {
    if (super_.extended.size != 0) return;
    for (Blob& blob : rafs_.blobs) blob.chunk_count = 0, blob.compressed_size = blob.uncompressed_size = 0;
    for (const Chunk& chunk : rafs_.chunks) {
      Blob& blob = rafs_.blobs[chunk.blob];
      blob.chunk_count = std::max(blob.chunk_count, chunk.index + 1);
      blob.compressed_size = std::max(blob.compressed_size, chunk.compressed_offset + chunk.compressed_size);
      blob.uncompressed_size = std::max(blob.uncompressed_size, chunk.uncompressed_offset + chunk.uncompressed_size);
    }
  }

  void read_prefetch() {
    if (super_.prefetch.size == 0) return;
    const ByteView table = bytes_.at(super_.prefetch.offset, super_.prefetch.size, "the prefetch table");
    for (std::size_t at = 0; at < table.size(); at += 4) {
      const auto number = load_le<std::uint32_t>(table.data() + at);
      if (number == 0) break;
      if (number > super_.entries) {
        BootstrapBytes::fail("the prefetch table lists inode " + std::to_string(number) + ", which has no name",
                             super_.prefetch.offset + at);
      }
      rafs_.prefetch.push_back(rafs_.tree.path(places_[number].name));
    }
  }

  BootstrapBytes bytes_;
  const V5Super super_;
  Rafs rafs_;
  std::vector<Place> places_;  // by index
  std::unordered_map<std::uint64_t, Group> groups_;
};

}  // namespace

bool is_v5_bootstrap(ByteView bytes) noexcept {
  return bytes.size() >= 8 && load_le<std::uint32_t>(bytes.data()) == 0x52414653 &&
         load_le<std::uint32_t>(bytes.data() + 4) == 0x500;
}

Rafs read_v5(ByteView bytes, const BootstrapLimits& limits) { return Reader(bytes, limits).read(); }

}  // namespace accel::formats::nydus
