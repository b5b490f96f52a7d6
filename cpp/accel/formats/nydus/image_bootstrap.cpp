#include "accel/formats/nydus/image_bootstrap.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "accel/base/error.hpp"
#include "accel/codec/codec.hpp"
#include "accel/formats/nydus/bootstrap_layer.hpp"
#include "accel/hash/hasher.hpp"
#include "accel/io/hashing.hpp"
#include "accel/io/range.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10U;

ImageBootstrap::MetaDigest hash_content(io::ByteStream& content) {
  Buffer piece(kPiece);
  piece.resize(kPiece);
  io::HashingStream hashed(content);
  while (hashed.read({piece.data(), piece.size()}) != 0) {
  }
  const std::uint64_t size = hashed.count();
  return {size, hashed.finish()};
}

/// The digest of the file that `meta` makes, written `times` times.
hash::Digest digest_of(const BlobMeta& meta, std::uint64_t times) {
  const Bytes padding(static_cast<std::size_t>(round_up(meta.ci().size())) - meta.ci().size());
  hash::Hasher hasher;
  for (std::uint64_t i = 0; i < times; ++i) {
    hasher.update(meta.ci());
    hasher.update(padding);
    hasher.update(meta.header());
  }
  return hasher.finish();
}

}  // namespace

ImageBootstrap read_image_bootstrap(io::ByteSource& source, const OpenOptions& options, const CancelToken& cancel) {
  std::array<std::byte, 4> head{};
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(head.size(), source.size()));
  source.read_at(0, MutableByteView(head).first(size));
  io::RangeStream stored(source);
  io::HashingStream stored_hash(stored);
  const auto content =
      codec::make_decoder(codec::detect(ByteView(head).first(size)), stored_hash, options.decode_limits);
  io::HashingStream tar_hash(*content);
  ImageBootstrap image;
  BootstrapLimits limits;
  limits.max_bytes = std::min(limits.max_bytes, options.max_toc_bytes);
  image.bytes = read_bootstrap_layer(
      tar_hash,
      [&](std::string_view hex, std::uint64_t, io::ByteStream& file) {
        image.metas[std::string(hex)] = hash_content(file);
      },
      limits, cancel);
  image.diff_id = tar_hash.finish();
  image.digest = stored_hash.finish();
  return image;
}

void check_meta_file(const ImageBootstrap::MetaDigest& file, const BlobMeta& meta) {
  const std::uint64_t once = round_up(meta.ci().size()) + kCiHeaderSize;
  const std::uint64_t times = file.size / once;
  if (times > 0 && file.size % once == 0 && file.digest == digest_of(meta, times)) return;
  if (file.size == kCiHeaderSize && file.digest == hash::sha256(meta.header())) return;
  throw FormatError("the file of chunk information in the bootstrap layer is not that of the blob",
                    "the image is damaged or was made by a faulty builder; convert it again");
}

}  // namespace accel::formats::nydus
