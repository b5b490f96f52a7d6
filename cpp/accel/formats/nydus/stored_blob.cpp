#include "accel/formats/nydus/stored_blob.hpp"

#include <algorithm>
#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs/table_checks.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::uint64_t kTarHeaderSize = 512;

bool has(const Blob& blob, std::uint32_t bits) { return (blob.features & bits) != 0; }

[[noreturn]] void fail(const std::string& what, std::uint64_t offset) {
  throw FormatError("read a nydus blob: " + what, FormatError::Where{.digest = {}, .path = {}, .offset = offset},
                    "it is damaged or was made by a faulty builder; fetch the image again, or convert it again");
}

/// A digest of zeros in a TOC says nothing (nydus-blob.md 4.3).
bool is_known(const RawDigest& digest) { return digest != RawDigest{}; }

void require_digest(const char* subject, ByteView expected, const hash::Digest& actual, std::uint64_t length) {
  if (std::ranges::equal(expected, actual.raw())) return;
  throw DigestMismatch(subject, hex_encode(expected), actual.hex(), length);
}

/// Whether the blob has chunk information in its RAFS blob.
bool has_meta(const Blob& blob, FsVersion version) {
  const bool legacy_stargz = blob.compressor == Compressor::gzip && !has(blob, feature::kChunkInfoV2);
  return version == FsVersion::v6 && !has(blob, feature::kTarfs) && !(legacy_stargz && blob.ci_offset == 0);
}

MetaLimits limits_of(const OpenOptions& options) {
  return {options.max_toc_bytes, options.decode_limits.max_ratio, options.decode_limits.ratio_free_bytes};
}

Buffer read_raw(io::ByteSource& blob, const Section& place, std::uint64_t max_bytes) {
  return read_section(blob, TocEntry{place.name, Compressor::none, {}, place.offset, place.size, place.size},
                      max_bytes);
}

hash::Digest digest_of(const std::shared_ptr<io::ByteSource>& source, const CancelToken& cancel) {
  return ForwardReader(source, ForwardReader::Mode::whole, cancel).finish().whole;
}

}  // namespace

StoredBlob::StoredBlob(const Blob& blob, FsVersion version, BlobFiles files, ForwardReader::Mode mode,
                       const OpenOptions& options, const CancelToken& cancel)
    : files_(std::move(files)) {
  std::optional<BlobMeta> meta;
  if (has_meta(blob, version)) meta = BlobMeta::read(blob, *files_.rafs, limits_of(options));
  ForwardReader data(files_.data, mode, cancel);
  if (mode == ForwardReader::Mode::whole) {
    if (has(blob, feature::kHasTarHeader)) check_sections(blob, version, meta ? &*meta : nullptr, options);
    if (watched_) data.watch(*watched_);
    if (has(blob, feature::kSeparate) && !files_.rafs_digest.empty()) {
      require_digest("RAFS blob", files_.rafs_digest.raw(), digest_of(files_.rafs, cancel), files_.rafs->size());
    }
  }
  chunks_.emplace(blob, version, std::move(meta), std::move(digests_), std::move(data));
}

void StoredBlob::check_sections(const Blob& blob, FsVersion version, const BlobMeta* meta, const OpenOptions& options) {
  io::ByteSource& rafs = *files_.rafs;
  sections_ = find_sections(rafs);
  const std::optional<Toc> toc = read_toc(rafs, sections_);
  if (toc.has_value() != has(blob, feature::kHasToc)) fail("its features and its TOC disagree", rafs.size());
  const Section* const data = find_section(sections_, section::kData);
  const bool has_data = data != nullptr && !data->elsewhere;
  if (has_data == has(blob, feature::kSeparate)) fail("its features and its sections disagree", 0);
  if (data != nullptr && data->size != data_end(blob, version)) {
    fail("its data does not end where the blob table says", data->size);
  }
  const Section* const stored_meta = find_section(sections_, section::kMeta);
  if ((stored_meta != nullptr) != (meta != nullptr)) fail("its chunk information is missing", 0);
  if (stored_meta != nullptr &&
      (stored_meta->offset != blob.ci_offset || stored_meta->size != blob.ci_compressed_size + kCiHeaderSize)) {
    fail("its chunk information is not where the blob table says", stored_meta->offset);
  }
  if (toc) check_toc(blob, *toc, meta);
  const Section* const digests = find_section(sections_, section::kDigests);
  if ((digests != nullptr) != has(blob, feature::kInlinedChunkDigest)) fail("its array of digests is missing", 0);
  if (digests != nullptr) {
    if (digests->size != std::uint64_t{blob.chunk_count} * sizeof(RawDigest)) {
      fail("its array of digests does not have one for every chunk", digests->offset);
    }
    const TocEntry* const entry = toc ? toc->find(section::kDigests) : nullptr;
    digests_ = entry != nullptr ? read_section(rafs, *entry, options.max_toc_bytes)
                                : read_raw(rafs, *digests, options.max_toc_bytes);
  }
  if (const Section* const place = find_section(sections_, section::kBootstrap)) {
    check_bootstrap(blob, *place, toc ? &*toc : nullptr, options);
  }
  if (toc && has_data) {
    data_section_ = toc->find(section::kData)->digest;
    watched_ = data->size + kTarHeaderSize;
  }
}

/// Spec: nydus-blob.md 4.2 and 4.3.
void StoredBlob::check_toc(const Blob& blob, const Toc& toc, const BlobMeta* meta) const {
  if (blob.toc_size != 0 && (blob.toc_size != toc.size || blob.toc_digest != toc.digest)) {
    fail("its TOC is not the one that the blob table names", files_.rafs->size() - toc.size);
  }
  if (const TocEntry* const data = toc.find(section::kData);
      data != nullptr && data->uncompressed_size != blob.uncompressed_size) {
    fail("TOC and blob table disagree on the size of its content", 0);
  }
  if (meta == nullptr) return;
  const TocEntry& ci = *toc.find(section::kMeta);
  if (ci.compressor != blob.ci_compressor || ci.uncompressed_size != blob.ci_uncompressed_size) {
    fail("TOC and blob table disagree on its chunk information", ci.offset);
  }
  if (is_known(ci.digest)) {
    require_digest("chunk information", ci.digest, hash::sha256(meta->ci()), meta->ci().size());
  }
  const TocEntry& header = *toc.find(section::kMetaHeader);
  if (!is_known(header.digest)) return;
  require_digest("header of the chunk information", header.digest, hash::sha256(meta->header()), kCiHeaderSize);
}

/// The bootstrap in the blob must describe the blob as the table that led here does.
void StoredBlob::check_bootstrap(const Blob& blob, const Section& place, const Toc* toc,
                                 const OpenOptions& options) const {
  const TocEntry* const entry = toc == nullptr ? nullptr : toc->find(section::kBootstrap);
  const Buffer bytes = entry != nullptr ? read_section(*files_.rafs, *entry, options.max_toc_bytes)
                                        : read_raw(*files_.rafs, place, options.max_toc_bytes);
  // Its files are not read: all of an image's are in memory already. Who needs them opens the layer for itself.
  const std::vector<Blob> own = read_blob_table(bytes.view());
  const bool separate = has(blob, feature::kSeparate);
  const auto found =
      std::ranges::find_if(own, [&](const Blob& other) { return other.id == (separate ? blob.id : kOwnBlobId); });
  if (found == own.end() || found->chunk_count != blob.chunk_count || found->ci_offset != blob.ci_offset ||
      found->ci_uncompressed_size != blob.ci_uncompressed_size || found->uncompressed_size != blob.uncompressed_size ||
      found->compressor != blob.compressor) {
    fail("the bootstrap inside it describes another blob", place.offset);
  }
}

void StoredBlob::finish() {
  chunks_->read_rest();
  const ForwardReader::Digests digests = chunks_->finish();
  if (data_section_ && is_known(*data_section_)) {
    require_digest("section image.blob", *data_section_, digests.watched, *watched_);
  }
  if (!files_.data_digest.empty() && files_.data_digest.algorithm() == hash::Algorithm::sha256) {
    require_digest("layer blob", files_.data_digest.raw(), digests.whole, files_.data->size());
  }
}

Buffer read_inlined_bootstrap(io::ByteSource& rafs_blob, std::uint64_t max_bytes) {
  const std::vector<Section> sections = find_sections(rafs_blob);
  const Section* const place = find_section(sections, section::kBootstrap);
  if (place == nullptr) return {};
  const std::optional<Toc> toc = read_toc(rafs_blob, sections);
  const TocEntry* const entry = toc ? toc->find(section::kBootstrap) : nullptr;
  return entry != nullptr ? read_section(rafs_blob, *entry, max_bytes) : read_raw(rafs_blob, *place, max_bytes);
}

}  // namespace accel::formats::nydus
