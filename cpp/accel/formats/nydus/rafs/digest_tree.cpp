#include "accel/formats/nydus/rafs/digest_tree.hpp"

#include <algorithm>

#include "accel/hash/blake3.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats::nydus {

namespace {

RawDigest digest_of(Digester digester, ByteView bytes) {
  if (digester == Digester::blake3) return hash::blake3(bytes);
  RawDigest digest;
  std::ranges::copy(hash::sha256(bytes).raw(), digest.begin());
  return digest;
}

}  // namespace

std::vector<RawDigest> inode_digests(const Rafs& rafs, const Numbering& numbering) {
  const Tree& tree = rafs.tree;
  const RawDigest of_nothing = digest_of(rafs.digester, {});
  std::vector<RawDigest> digests(tree.inode_count(), of_nothing);
  Buffer parts;
  // From the last directory to the first: what is below one is behind it.
  for (auto directory = numbering.directories.rbegin(); directory != numbering.directories.rend(); ++directory) {
    for (const Tree::Name child : numbering.children(*directory)) {
      const Inode& inode = tree.inode(child);
      RawDigest& digest = digests[tree.inode_number(child)];
      if (inode.type == tar::EntryType::symlink) {
        digest = digest_of(rafs.digester, as_bytes(tree.text(inode.link_target)));
      } else if (inode.type == tar::EntryType::regular && inode.chunk_count > 0) {
        parts.clear();
        for (std::uint32_t i = 0; i < inode.chunk_count; ++i) {
          parts.append(rafs.chunks[rafs.file_chunks[inode.first_chunk + i]].digest);
        }
        digest = digest_of(rafs.digester, parts.view());
      }
    }
    parts.clear();
    for (const Tree::Name child : numbering.children(*directory)) parts.append(digests[tree.inode_number(child)]);
    digests[tree.inode_number(directory->name)] = digest_of(rafs.digester, parts.view());
  }
  return digests;
}

}  // namespace accel::formats::nydus
