// Bootstraps of both versions: whatever is accepted is a tree of sane names and chunks, and can be written and read
// again. Digests of version 5 are put right, so that what they cover is reached.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "accel/base/bytes.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/tree_entries.hpp"
#include "accel/tar/path.hpp"

namespace {

using namespace accel;
using namespace accel::formats;
using namespace accel::formats::nydus;

constexpr int kMaxRepairs = 200;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Writes the digest that was computed over the one that was there.
bool repair(Bytes& bytes, const DigestMismatch& mismatch) {
  Bytes expected(32);
  Bytes actual(32);
  if (!hex_decode(mismatch.expected(), expected) || !hex_decode(mismatch.actual(), actual)) return false;
  const auto found = std::search(bytes.begin(), bytes.end(), expected.begin(), expected.end());
  if (found == bytes.end()) return false;
  std::copy(actual.begin(), actual.end(), found);
  return true;
}

std::optional<Rafs> read(Bytes& bytes) {
  for (int i = 0; i < kMaxRepairs; ++i) {
    try {
      return read_bootstrap(bytes, {10'000, 1U << 20U});
    } catch (const FormatError&) {
      return std::nullopt;
    } catch (const UnsupportedError&) {
      return std::nullopt;
    } catch (const DigestMismatch& mismatch) {
      if (!repair(bytes, mismatch)) return std::nullopt;
    }
  }
  return std::nullopt;
}

/// Everything a user of the value relies on.
std::size_t check(const Rafs& rafs) {
  for (const Chunk& chunk : rafs.chunks) {
    require(chunk.blob < rafs.blobs.size() && chunk.uncompressed_size > 0);
    require(chunk.uncompressed_size <= rafs.chunk_size && chunk.index < rafs.blobs[chunk.blob].chunk_count);
  }
  for (const std::uint32_t chunk : rafs.file_chunks) require(chunk < rafs.chunks.size());
  for (const std::string& path : rafs.prefetch) require(rafs.tree.find(path) != Tree::kNone);
  std::size_t names = 0;
  walk_entries(rafs.tree, [&](const tar::Entry& entry, Tree::Name name) {
    const Inode& inode = rafs.tree.inode(name);
    ++names;
    require(entry.name == "./" || tar::safe_path(entry.name) == entry.name);
    if (inode.type != tar::EntryType::regular) return;
    require(inode.first_chunk + std::size_t{inode.chunk_count} <= rafs.file_chunks.size());
    std::uint64_t size = 0;
    for (std::uint32_t i = 0; i < inode.chunk_count; ++i) {
      size += rafs.chunks[rafs.file_chunks[inode.first_chunk + i]].uncompressed_size;
    }
    require(size == inode.size);
  });
  return names;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes = to_bytes({reinterpret_cast<const std::byte*>(data), size});
  const std::optional<Rafs> rafs = read(bytes);
  if (!rafs) return 0;
  const std::size_t names = check(*rafs);
  try {
    Bytes again = to_bytes(write_bootstrap(*rafs).view());
    const std::optional<Rafs> read_again = read(again);
    require(read_again.has_value() && check(*read_again) == names);
  } catch (const FormatError&) {  // what only other writers make, such as blobs that are plain tars
  }
  return 0;
}
