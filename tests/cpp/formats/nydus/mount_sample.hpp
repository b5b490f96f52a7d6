/// A file system with everything that mounts have shown wrong before, and how to compare it with a mount.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>

#include "accel/base/endian.hpp"
#include "accel/io/file.hpp"
#include "accel/io/memory.hpp"
#include "formats/nydus/sample_rafs.hpp"

namespace accel::testing {

using formats::nydus::Chunk;
using formats::nydus::FsVersion;
using formats::nydus::Inode;
using formats::nydus::Tree;
using tar::EntryType;

inline std::string content_of(std::size_t size, std::uint32_t seed) {
  std::string content(size, '\0');
  for (char& c : content) {
    seed = seed * 1664525U + 1013904223U;
    c = static_cast<char>(seed >> 24U);
  }
  return content;
}

/// A file system and the content of its files.
struct MountSample {
  RafsBuilder builder;
  std::map<std::string, std::string> contents;

  MountSample(FsVersion version, std::uint32_t chunk_size) : builder(version, chunk_size) {}

  void file(const std::string& path, std::string content) {
    builder.file(path, content);
    contents[path] = std::move(content);
  }
  /// The uncompressed view of a blob, which is also its data as it is stored.
  [[nodiscard]] std::string blob_data(std::uint32_t blob) const {
    std::string bytes(builder.rafs.blobs[blob].uncompressed_size, '\0');
    for (const auto& [path, content] : contents) {
      const Inode& inode = builder.rafs.tree.inode(builder.name(path));
      for (std::uint32_t i = 0; i < inode.chunk_count; ++i) {
        const Chunk& chunk = builder.rafs.chunks[builder.rafs.file_chunks[inode.first_chunk + i]];
        if (chunk.blob != blob) continue;
        bytes.replace(chunk.uncompressed_offset, chunk.uncompressed_size,
                      content.substr(std::size_t{i} * builder.rafs.chunk_size, chunk.uncompressed_size));
      }
    }
    return bytes;
  }
  /// Writes a blob with what stands behind the data in version 6: chunk information and its header
  /// (nydus-blob.md 8.2, 8.3).
  void write_blob(std::uint32_t number, const std::filesystem::path& to) const {
    std::string bytes = blob_data(number);
    const formats::nydus::Blob& blob = builder.rafs.blobs[number];
    const auto put = [&](auto value) {
      std::byte stored[sizeof value];
      store_le(stored, value);
      bytes += as_text(stored);
    };
    if (builder.rafs.version == FsVersion::v6) {
      for (const Chunk& chunk : builder.rafs.chunks) {
        if (chunk.blob != number) continue;
        put(chunk.uncompressed_offset | std::uint64_t{chunk.uncompressed_size - 1} << 44U);
        put(chunk.compressed_offset | std::uint64_t{chunk.compressed_size - 1} << 44U);
      }
      constexpr std::uint32_t kMagic = 0xB10BB10B;
      for (const std::uint32_t field : {kMagic, blob.features, 0U, blob.chunk_count}) put(field);
      for (const std::uint64_t field : {blob.ci_offset, blob.ci_compressed_size, blob.ci_uncompressed_size}) put(field);
      bytes.append(4092 - 40, '\0');
      put(kMagic);
    }
    std::ofstream(to, std::ios::binary) << bytes;
  }
};

/// What a mount does not show as it was written.
struct MountQuirks {
  bool hides_acls = false;
  bool shows_its_start_for_no_time = false;
};

inline const std::string kAcl = [] {
  std::string acl("\2\0\0\0", 4);
  struct Entry {
    char tag, permissions;
    std::uint32_t id;
  };
  for (const Entry entry : {Entry{1, 6, UINT32_MAX}, Entry{2, 7, 1000}, Entry{4, 4, UINT32_MAX},
                            Entry{0x10, 7, UINT32_MAX}, Entry{0x20, 4, UINT32_MAX}}) {
    acl += std::string({entry.tag, 0, entry.permissions, 0});
    for (unsigned i = 0; i < 4; ++i) acl += static_cast<char>(entry.id >> (8U * i));
  }
  return acl;
}();

/// cap_net_raw=ep
inline const std::string kCapability("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);

/// Everything that rafs-v6.md 20 lists.
inline MountSample make_mount_sample(FsVersion version, std::uint32_t chunk_size) {
  MountSample sample(version, chunk_size);
  RafsBuilder& builder = sample.builder;
  builder.blob(std::string(64, 'a')).root(0755).directory("/many", 0711, 70000).directory("/links").directory("/dev");
  builder.directory("/exact").implicit("/implicit").directory("/empty", 01777);
  for (std::uint32_t i = 0; i < 700; ++i) {
    sample.file("/many/" + std::string(i % 97 + 1, 'n') + std::to_string(i), content_of(i % 13 * 5, i));
  }
  // 4033 bytes of names: the first directory that cannot be inline.
  for (int i = 0; i < 141; ++i) builder.file("/exact/" + std::to_string(1000 + i) + std::string(12, 'x'));
  for (const int size : {1, 2, 60, 1000, 4000, 4031, 4032, 4033, 4090, 4095}) {
    builder.symlink("/links/" + std::to_string(size), std::string(static_cast<std::size_t>(size), 'l'));
  }
  sample.file("/!before-the-dots", "!");
  sample.file("/-before-the-dots", "-");
  sample.file("/.hidden", ".");
  sample.file("/implicit/file", "implicit");
  builder.blob(std::string(64, 'b'));
  sample.file("/contiguous", content_of(5 * std::size_t{chunk_size} + 123, 1));
  sample.file("/whole-chunks", content_of(2 * std::size_t{chunk_size}, 2));
  sample.file("/scattered", content_of(3 * std::size_t{chunk_size} + 7, 3));
  const Inode scattered = builder.at("/scattered");
  std::swap(builder.rafs.file_chunks[scattered.first_chunk], builder.rafs.file_chunks[scattered.first_chunk + 2]);
  std::string& content = sample.contents["/scattered"];
  content = content.substr(2 * std::size_t{chunk_size}, chunk_size) + content.substr(chunk_size, chunk_size) +
            content.substr(0, chunk_size) + content.substr(3 * std::size_t{chunk_size});
  builder.link("/links/hard", "/contiguous").link("/z-hard", "/contiguous");
  builder.device("/dev/null", EntryType::character, 0x103).device("/dev/disk", EntryType::block, 0x12300 | 0x45600067U);
  builder.device("/dev/pipe", EntryType::fifo, 0);
  builder.xattrs("/.hidden", {{"user.small", "1"}, {"security.capability", kCapability}, {"trusted.t", ""}});
  builder.xattrs("/many", {{"user.large", content_of(3000, 5)}, {"system.posix_acl_default", kAcl}});
  builder.xattrs("/scattered", {{"user.huge", content_of(9000, 6)}, {"system.posix_acl_access", kAcl}});
  builder.xattrs("/dev/null", {{"trusted.device", "yes"}});
  builder.xattrs("/links/60", {{"trusted.link", "yes"}});
  builder.at("/.hidden").mtime_nanoseconds = 123456789;
  builder.at("/empty").mtime = -86400;
  builder.at("/.hidden").mode = 04711;
  return sample;
}

inline void expect_content(const std::filesystem::path& path, const std::string& content) {
  io::FileStream stream(path);
  EXPECT_TRUE(as_text(io::read_all(stream, 64U << 20U)) == content) << path;
}

inline void expect_attributes(const std::filesystem::path& path, const Tree& tree, Tree::Name name,
                              const MountQuirks& quirks) {
  constexpr std::array<mode_t, 7> kTypes{S_IFREG, S_IFDIR, S_IFLNK, 0, S_IFCHR, S_IFBLK, S_IFIFO};
  const Inode& inode = tree.inode(name);
  struct stat found {};
  ASSERT_EQ(::lstat(path.c_str(), &found), 0) << path;
  EXPECT_EQ(found.st_mode, kTypes.at(static_cast<std::size_t>(inode.type)) | inode.mode) << path;
  EXPECT_EQ(found.st_uid, inode.uid) << path;
  EXPECT_EQ(found.st_gid, inode.gid) << path;
  if (inode.mtime != 0 || !quirks.shows_its_start_for_no_time) {
    EXPECT_EQ(found.st_mtim.tv_sec, inode.mtime) << path;
    EXPECT_EQ(found.st_mtim.tv_nsec, inode.mtime_nanoseconds) << path;
  }
  if (inode.type == EntryType::regular) {
    EXPECT_EQ(static_cast<std::uint64_t>(found.st_size), inode.size) << path;
  }
  if (inode.type == EntryType::character || inode.type == EntryType::block) {
    const auto expected =
        ::makedev((inode.device >> 8U) & 0xFFFU, (inode.device & 0xFFU) | (inode.device >> 12U & 0xFFF00U));
    EXPECT_EQ(found.st_rdev, expected) << path;
  }
  if (inode.type == EntryType::symlink) {
    EXPECT_EQ(std::filesystem::read_symlink(path).string(), tree.text(inode.link_target)) << path;
  }
  for (const auto& [key, value] : tree.xattrs(inode.xattrs)) {
    if (quirks.hides_acls && key.starts_with("system.")) continue;
    std::string stored(65536, '\0');
    const ssize_t size = ::lgetxattr(path.c_str(), key.c_str(), stored.data(), stored.size());
    ASSERT_GE(size, 0) << path << " " << key << ": " << std::strerror(errno);
    EXPECT_TRUE(stored.substr(0, static_cast<std::size_t>(size)) == value) << path << " " << key;
  }
}

/// Compares every file below the mount point with the file system that was written.
inline void expect_same_files(const std::filesystem::path& root, const MountSample& sample,
                              const MountQuirks& quirks = {}) {
  const Tree& tree = sample.builder.rafs.tree;
  std::map<std::uint32_t, std::pair<ino_t, nlink_t>> inodes;
  std::size_t names = 0;
  const auto compare = [&](const std::filesystem::path& path, const std::string& inside) {
    const Tree::Name name = tree.find(inside);
    ASSERT_NE(name, Tree::kNone) << inside;
    ++names;
    expect_attributes(path, tree, name, quirks);
    struct stat found {};
    ASSERT_EQ(::lstat(path.c_str(), &found), 0);
    const auto [known, is_new] = inodes.emplace(tree.inode_number(name), std::pair(found.st_ino, found.st_nlink));
    EXPECT_EQ(known->second, std::pair(found.st_ino, found.st_nlink)) << inside << (is_new ? " (first name)" : "");
    const auto content = sample.contents.find(inside);
    if (content != sample.contents.end()) expect_content(path, content->second);
  };
  compare(root, "/");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    compare(entry.path(), "/" + entry.path().lexically_relative(root).string());
  }
  EXPECT_EQ(names, tree.size());
  struct stat linked {};
  ASSERT_EQ(::lstat((root / "z-hard").c_str(), &linked), 0);
  EXPECT_EQ(linked.st_nlink, 3U);
  expect_content(root / "z-hard", sample.contents.at("/contiguous"));
}

}  // namespace accel::testing
