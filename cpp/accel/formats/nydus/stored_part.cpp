#include "accel/formats/nydus/stored_part.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "accel/formats/nydus/meta_reader.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/stored_blob.hpp"
#include "accel/formats/nydus/toc_reader.hpp"
#include "accel/io/memory.hpp"

namespace accel::formats::nydus {

namespace {

/// CI as the bootstrap layer takes it: in its stored form where that needs no key, for it is a fraction of the other.
StoredMeta stored_meta(const Blob& blob, const BlobMeta& meta, io::ByteSource& source) {
  StoredMeta stored;
  stored.header = to_bytes(meta.header());
  stored.ci_size = meta.ci().size();
  const bool readable = blob.ci_compressor == Compressor::none || blob.ci_compressor == Compressor::zstd;
  if (!readable || (blob.features & feature::kEncrypted) != 0) {
    stored.ci = std::make_shared<io::MemorySource>(to_bytes(meta.ci()));
    return stored;
  }
  Bytes bytes(static_cast<std::size_t>(blob.ci_compressed_size));
  source.read_at(blob.ci_offset, bytes);
  stored.ci = std::make_shared<io::MemorySource>(std::move(bytes));
  stored.compressor = blob.ci_compressor;
  return stored;
}

}  // namespace

std::shared_ptr<const NydusPart> read_stored_part(io::ByteSource& source) {
  auto part = std::make_shared<NydusPart>();
  part->bootstrap = read_inlined_bootstrap(source, BootstrapLimits().max_bytes);
  const Rafs rafs = read_bootstrap(part->bootstrap.view());
  // Blobs of a dictionary are in blobs of their own.
  const auto own = std::find_if(rafs.blobs.begin(), rafs.blobs.end(),
                                [](const Blob& blob) { return (blob.features & feature::kInlinedFsMeta) != 0; });
  if (own != rafs.blobs.end() && rafs.version == FsVersion::v6) {
    part->meta = stored_meta(*own, BlobMeta::read(*own, source, {}), source);
  }
  if (const std::optional<Toc> toc = read_toc(source, find_sections(source))) {
    part->toc_digest = toc->digest;
    part->toc_size = toc->size;
  }
  return part;
}

}  // namespace accel::formats::nydus
