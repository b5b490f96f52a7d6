/// File systems for tests of what writes and merges them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accel/base/endian.hpp"
#include "accel/formats/nydus/rafs/rafs.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/tar/path.hpp"

namespace accel::testing {

/// Builds a file system name by name. Parents must be there.
class RafsBuilder {
 public:
  using Inode = formats::nydus::Inode;
  using Tree = formats::nydus::Tree;

  explicit RafsBuilder(formats::nydus::FsVersion version = formats::nydus::FsVersion::v6,
                       std::uint32_t chunk_size = formats::nydus::kMinChunkSize) {
    rafs.version = version;
    rafs.chunk_size = chunk_size;
    rafs.compressor = formats::nydus::Compressor::none;
    rafs.digester = formats::nydus::Digester::sha256;
  }

  formats::nydus::Rafs rafs;

  /// Begins a blob; files added from now on have their chunks in it. They are stored as they are, each padded to a
  /// block, so that the blob's file is also its uncompressed view.
  RafsBuilder& blob(std::string id,
                    std::uint32_t features = formats::nydus::feature::kCapTarToc | formats::nydus::feature::kAligned) {
    formats::nydus::Blob blob;
    blob.id = std::move(id);
    blob.features = features;
    blob.compressor = formats::nydus::Compressor::none;
    blob.digester = formats::nydus::Digester::sha256;
    rafs.blobs.push_back(blob);
    return *this;
  }
  RafsBuilder& root(std::uint16_t mode, std::uint32_t uid = 0) {
    rafs.tree.inode(Tree::kRoot) = {.mode = mode, .uid = uid, .gid = uid};
    return *this;
  }
  RafsBuilder& directory(std::string_view path, std::uint16_t mode = 0755, std::uint32_t uid = 0) {
    add(path, {.mode = mode, .uid = uid, .gid = uid, .mtime = 1700000000});
    return *this;
  }
  RafsBuilder& implicit(std::string_view path) {
    add(path, {.implicit = true});
    return *this;
  }
  /// A regular file whose chunks nobody else has.
  RafsBuilder& file(std::string_view path, std::string_view content = {}, std::uint16_t mode = 0644) {
    Inode inode{.type = tar::EntryType::regular, .mode = mode, .size = content.size(), .mtime = 1700000000};
    inode.first_chunk = static_cast<std::uint32_t>(rafs.file_chunks.size());
    for (; !content.empty(); ++inode.chunk_count) {
      const std::string_view piece = content.substr(0, rafs.chunk_size);
      rafs.file_chunks.push_back(add_chunk(as_bytes(piece)));
      content.remove_prefix(piece.size());
    }
    add(path, inode);
    return *this;
  }
  /// A regular file with the chunks of another one, which stays what it is.
  RafsBuilder& same_content(std::string_view path, std::string_view other) {
    Inode inode = at(other);
    inode.mode = 0600;
    add(path, inode);
    return *this;
  }
  RafsBuilder& symlink(std::string_view path, std::string_view target) {
    Inode inode{.type = tar::EntryType::symlink, .mode = 0777, .mtime = 1700000000};
    inode.link_target = rafs.tree.add_text(target);
    add(path, inode);
    return *this;
  }
  RafsBuilder& device(std::string_view path, tar::EntryType type, std::uint32_t number) {
    add(path, {.type = type, .mode = 0600, .device = number});
    return *this;
  }
  RafsBuilder& link(std::string_view path, std::string_view other) {
    rafs.tree.add(parent(path), tar::base_name(path), rafs.tree.inode_number(name(other)));
    return *this;
  }
  RafsBuilder& xattrs(std::string_view path, formats::nydus::Xattrs set) {
    at(path).xattrs = rafs.tree.add_xattrs(std::move(set));
    return *this;
  }

  [[nodiscard]] Tree::Name name(std::string_view path) const {
    const Tree::Name found = rafs.tree.find(path);
    if (found == Tree::kNone) throw std::invalid_argument("no " + std::string(path));
    return found;
  }
  [[nodiscard]] Inode& at(std::string_view path) { return rafs.tree.inode(name(path)); }

 private:
  Tree::Name parent(std::string_view path) const { return name(tar::parent_path(path)); }

  Tree::Name add(std::string_view path, const Inode& inode) {
    return rafs.tree.add(parent(path), tar::base_name(path), rafs.tree.add_inode(inode));
  }

  std::uint32_t add_chunk(ByteView content) {
    formats::nydus::Blob& blob = rafs.blobs.back();
    formats::nydus::Chunk chunk;
    std::ranges::copy(hash::sha256(content).raw(), chunk.digest.begin());
    chunk.blob = static_cast<std::uint32_t>(rafs.blobs.size() - 1);
    chunk.compressed_size = chunk.uncompressed_size = static_cast<std::uint32_t>(content.size());
    chunk.compressed_offset = chunk.uncompressed_offset = blob.uncompressed_size;
    chunk.index = blob.chunk_count++;
    blob.uncompressed_size += (content.size() + 4095) / 4096 * 4096;
    blob.ci_offset = blob.uncompressed_size;
    blob.ci_compressed_size = blob.ci_uncompressed_size = std::uint64_t{16} * blob.chunk_count;
    blob.compressed_size = blob.ci_offset + blob.ci_compressed_size + 4096;
    rafs.chunks.push_back(chunk);
    return static_cast<std::uint32_t>(rafs.chunks.size() - 1);
  }
};

/// The chunks of a file as "BLOB ID'S FIRST LETTER:INDEX", with a space between.
inline std::string chunks_of(const formats::nydus::Rafs& rafs, const formats::nydus::Inode& inode) {
  std::string text;
  for (std::uint32_t i = 0; i < inode.chunk_count; ++i) {
    const formats::nydus::Chunk& chunk = rafs.chunks.at(rafs.file_chunks.at(inode.first_chunk + i));
    text += (i > 0 ? " " : "") + rafs.blobs.at(chunk.blob).id.substr(0, 1) + ":" + std::to_string(chunk.index);
  }
  return text;
}

/// Every path of a tree with what is interesting of it, in the order of a walk: "/ d755 0", "/a f644 0 a:0",
/// "/x l777 0 -> target"; later names of a hardlinked file as "/b = /a".
inline std::vector<std::string> listing(const formats::nydus::Rafs& rafs) {
  using formats::nydus::Tree;
  using tar::EntryType;
  std::vector<std::string> lines;
  std::vector<Tree::Name> open(1, Tree::kRoot);
  std::vector<std::string> first(rafs.tree.inode_count());
  while (!open.empty()) {
    const Tree::Name name = open.back();
    open.pop_back();
    const formats::nydus::Inode& inode = rafs.tree.inode(name);
    std::string& first_path = first[rafs.tree.inode_number(name)];
    std::string line = rafs.tree.path(name);
    if (!first_path.empty()) {
      lines.push_back(line + " = " + first_path);
      continue;
    }
    first_path = line;
    constexpr std::string_view kLetters = "fdlhcbp";  // in the order of EntryType
    char attributes[64];
    std::snprintf(attributes, sizeof attributes, " %c%o %u", kLetters[static_cast<std::size_t>(inode.type)],
                  static_cast<unsigned>(inode.mode), inode.uid);
    line += attributes;
    if (inode.implicit) line += " implicit";
    if (inode.type == EntryType::symlink) line.append(" -> ").append(rafs.tree.text(inode.link_target));
    if (inode.chunk_count > 0) line += " " + chunks_of(rafs, inode);
    for (const auto& [key, value] : rafs.tree.xattrs(inode.xattrs)) line += " " + key + "=" + value;
    lines.push_back(line);
    const std::vector<Tree::Name> children = rafs.tree.children(name);
    open.insert(open.end(), children.rbegin(), children.rend());
  }
  return lines;
}

}  // namespace accel::testing
