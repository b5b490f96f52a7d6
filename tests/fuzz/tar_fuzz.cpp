// tar: reading any stream, writing what was read, laying it over a tree.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "accel/base/error.hpp"
#include "accel/fs/tree.hpp"
#include "accel/tar/header.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/reader.hpp"
#include "accel/tar/writer.hpp"
#include "support/chunked_stream.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace accel;

void require(bool holds) {
  if (!holds) std::abort();
}

/// What is written for an entry must read as the same entry.
void check_writer(tar::Entry entry) {
  Buffer out;
  try {
    tar::write_header(entry, out);
  } catch (const UnsupportedError&) {
    return;  // an xattr whose name PAX cannot hold
  }
  // An empty value stands for no xattr; the writer has nothing better.
  std::erase_if(entry.xattrs, [](const auto& xattr) { return xattr.second.empty(); });
  testing::ChunkedStream stream(to_string(out.view()));
  tar::Reader reader(stream, {.max_extension_bytes = 1ULL << 24U});
  tar::Entry read = *reader.next();
  require(read.header_size == entry.size && read.payload_offset == out.size());
  read.header_size = entry.header_size;
  read.header_offset = entry.header_offset;
  read.payload_offset = entry.payload_offset;
  entry.sparse = false;
  require(read == entry);
}

void check_paths(const tar::Entry& entry) {
  const std::string clean = tar::clean_path(entry.name);
  require(tar::clean_path(clean) == clean);
  try {
    require(tar::safe_path(entry.name) == clean);
  } catch (const FormatError&) {
  }
}

/// Reads everything; returns the bytes seen, and sets `whole` when none may be missing (no sparse file).
std::string read_all(tar::Reader& reader, fs::Tree& tree, bool& whole, std::size_t max_piece) {
  std::string seen;
  bool tree_is_good = true;
  while (const tar::Entry* const entry = reader.next()) {
    seen += as_text(reader.raw_header());
    require(entry->payload_offset - entry->header_offset == reader.raw_header().size());
    std::uint64_t content_size = 0;
    for (ByteView piece = reader.payload(max_piece); !piece.empty(); piece = reader.payload(max_piece)) {
      content_size += piece.size();
      if (!entry->sparse) seen += as_text(piece);
    }
    require(content_size == entry->size);
    seen += as_text(reader.padding());
    whole = whole && !entry->sparse;
    check_paths(*entry);
    check_writer(*entry);
    try {
      if (tree_is_good) tree.add(*entry, {});
    } catch (const FormatError&) {
      tree_is_good = false;
    }
  }
  for (ByteView piece = reader.trailing(); !piece.empty(); piece = reader.trailing()) seen += as_text(piece);
  if (tree_is_good) tree.end_layer();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t max_read = size % 3 == 0 ? SIZE_MAX : size % 1000 + 1;
  testing::ChunkedStream stream(input, max_read);
  tar::Reader reader(stream, {.max_sparse_size = 1U << 20U});
  fs::Tree tree(10'000);
  tree.begin_layer();
  try {
    bool whole = true;
    const std::string seen = read_all(reader, tree, whole, size % 700 + 1);
    require(!whole || seen == input);
    require(reader.offset() == input.size());
    require(fs::compare(tree, tree, false).empty());
    std::uint64_t paths = 0;
    tree.walk([&](const std::string&, const auto&) { ++paths; });
    require(paths == tree.size());
  } catch (const FormatError&) {
  } catch (const UnsupportedError&) {
  }
  return 0;
}

/// Sets the checksum of every block that looks like a header, or mutations would not get beyond it.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned) {
  size = LLVMFuzzerMutate(data, size, max_size);
  auto* const bytes = reinterpret_cast<std::byte*>(data);
  for (std::size_t at = 0; at + tar::kBlockSize <= size; at += tar::kBlockSize) {
    if (std::memcmp(data + at + tar::field::kMagic.offset, "ustar", 5) != 0) continue;
    tar::set_checksum(tar::MutableBlock(bytes + at, tar::kBlockSize));
  }
  return size;
}
