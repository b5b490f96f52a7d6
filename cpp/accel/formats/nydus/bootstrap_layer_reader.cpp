#include "accel/formats/nydus/bootstrap_layer_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/nydus/layout.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/hashing.hpp"
#include "accel/io/range.hpp"
#include "accel/tar/path.hpp"
#include "accel/tar/reader.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::string_view kBootstrapPath = "image/image.boot";
constexpr std::string_view kOldBootstrapPath = "image.boot";  // nydusify before it wrote a folder
constexpr std::string_view kMetaFolder = "image/", kMetaSuffix = ".blob.meta";

Bytes read_content(tar::Reader& tar, const tar::Entry& entry, const OpenOptions& options) {
  if (entry.size > options.max_toc_bytes) {
    throw FormatError("the bootstrap has " + std::to_string(entry.size) + " bytes, more than the limit of " +
                      std::to_string(options.max_toc_bytes));
  }
  Bytes content;
  for (ByteView piece = tar.payload(); !piece.empty(); piece = tar.payload()) {
    content.insert(content.end(), piece.begin(), piece.end());
  }
  return content;
}

BootstrapLayer::MetaFile hash_content(tar::Reader& tar) {
  hash::Hasher hasher;
  for (ByteView piece = tar.payload(); !piece.empty(); piece = tar.payload()) hasher.update(piece);
  const std::uint64_t size = hasher.length();
  return {size, hasher.finish()};
}

/// The digest of the file that `meta` makes, written `times` times.
hash::Digest digest_of(const BlobMeta& meta, std::uint64_t times) {
  const Bytes padding((kBlockSize - meta.ci().size() % kBlockSize) % kBlockSize);
  hash::Hasher hasher;
  for (std::uint64_t i = 0; i < times; ++i) {
    hasher.update(meta.ci());
    hasher.update(padding);
    hasher.update(meta.header());
  }
  return hasher.finish();
}

}  // namespace

BootstrapLayer read_bootstrap_tar(io::ByteStream& stream, const OpenOptions& options) {
  BootstrapLayer layer;
  io::HashingStream hashed(stream);
  tar::Reader tar(hashed);
  bool found = false;
  while (const tar::Entry* const entry = tar.next()) {
    if (entry->type != tar::EntryType::regular) continue;
    const std::string path = tar::clean_path(entry->name);
    if (path == kBootstrapPath || path == kOldBootstrapPath) {
      if (found) throw FormatError("the bootstrap layer has two bootstraps");
      layer.bootstrap = read_content(tar, *entry, options);
      found = true;
    } else if (path.starts_with(kMetaFolder) && path.ends_with(kMetaSuffix)) {
      const std::string hex = path.substr(kMetaFolder.size(), path.size() - kMetaFolder.size() - kMetaSuffix.size());
      layer.meta_files[hex] = hash_content(tar);
    }
  }
  while (!tar.trailing().empty()) {
  }
  if (!found) {
    throw FormatError("the bootstrap layer has no file " + std::string(kBootstrapPath),
                      "the image is damaged; convert it again");
  }
  layer.diff_id = hashed.finish();
  return layer;
}

BootstrapLayer read_bootstrap_layer(io::ByteSource& source, const OpenOptions& options) {
  std::array<std::byte, 4> head{};
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(head.size(), source.size()));
  source.read_at(0, MutableByteView(head).first(size));
  io::RangeStream stored(source);
  io::HashingStream hashed(stored);
  const auto content = codec::make_decoder(codec::detect(ByteView(head).first(size)), hashed, options.decode_limits);
  BootstrapLayer layer = read_bootstrap_tar(*content, options);
  layer.digest = hashed.finish();
  return layer;
}

void check_meta_file(const BootstrapLayer::MetaFile& file, const BlobMeta& meta) {
  const std::uint64_t once = (meta.ci().size() + kBlockSize - 1) / kBlockSize * kBlockSize + kCiHeaderSize;
  const std::uint64_t times = file.size / once;
  if (times > 0 && file.size % once == 0 && file.digest == digest_of(meta, times)) return;
  if (file.size == kCiHeaderSize && file.digest == hash::sha256(meta.header())) return;
  throw FormatError("the file of chunk information in the bootstrap layer is not that of the blob",
                    "the image is damaged or was made by a faulty builder; convert it again");
}

}  // namespace accel::formats::nydus
