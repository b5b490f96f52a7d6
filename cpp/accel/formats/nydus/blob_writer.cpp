#include "accel/formats/nydus/blob_writer.hpp"

#include <memory>
#include <utility>

#include "accel/formats/nydus/compressor.hpp"
#include "accel/formats/nydus/rafs/raw_digest.hpp"
#include "accel/io/memory.hpp"
#include "accel/io/range.hpp"

namespace accel::formats::nydus {

namespace {

constexpr std::size_t kCopyBlock = std::size_t{64} << 10U;

RawDigest sha256_of(ByteView bytes) { return raw_digest(hash::sha256(bytes)); }

/// Compresses a section in one piece. Sections that do not get smaller stay as they are: `compressor` becomes none.
Buffer compress_section(ByteView section, Compressor& compressor) {
  Buffer out;
  if (compressor != Compressor::none) {
    codec::make_chunk_encoder(chunk_codec(compressor), default_level(compressor))->encode(section, out);
    if (out.size() < section.size()) return out;
  }
  compressor = Compressor::none;
  out.clear();
  out.append(section);
  return out;
}

}  // namespace

void BlobWriter::write(ByteView bytes) {
  sink_.write(bytes);
  position_ += bytes.size();
}

void BlobWriter::end_section(std::string_view name, std::uint64_t size) { write(section_header(name, size)); }

void BlobWriter::data(ByteView bytes) {
  if (hashes_data_) data_.update(bytes);
  write(bytes);
}

void BlobWriter::end_data(std::uint64_t uncompressed_size) {
  const std::uint64_t size = data_end_ = position_;
  const auto header = section_header(section::kData, size);
  write(header);
  if (!has_toc_) return;
  // QUIRK: the digest of this section is over its header too (nydus-blob.md 4.2). The section begins the blob.
  if (hashes_data_) {
    data_.update(header);
  } else {
    data_ = sink_.hasher()->copy();
  }
  append_section_entry({section::kData, Compressor::none, raw_digest(data_.finish()), 0, size, uncompressed_size},
                       toc_);
}

StoredMeta BlobWriter::meta(const PlainCi& ci, Blob& blob, const BlobKey* key) {
  MetaHeader header;
  header.features = blob.features;
  header.chunks = ci.chunks;
  header.contexts = ci.contexts;
  header.ci_compressor = ci.compressor;
  header.ci_offset = position_;
  header.ci_uncompressed_size = ci.bytes.size();
  const RawDigest digest = sha256_of(ci.bytes.view());
  Buffer compressed = compress_section(ci.bytes.view(), header.ci_compressor);

  Buffer encrypted;
  if (key != nullptr) encrypt_item(*key, compressed.view(), encrypted);
  const ByteView stored = key != nullptr ? encrypted.view() : compressed.view();
  header.ci_compressed_size = stored.size();
  write(stored);
  const auto header_bytes = encode(header);
  encrypted.clear();
  if (key != nullptr) encrypt_item(*key, header_bytes, encrypted);
  write(key != nullptr ? encrypted.view() : ByteView(header_bytes));
  end_meta(header, digest, header_bytes, blob);

  StoredMeta result;
  const bool kept_compressed = header.ci_compressor == Compressor::zstd;
  result.ci = std::make_shared<io::MemorySource>(to_bytes(kept_compressed ? compressed.view() : ci.bytes.view()));
  result.compressor = kept_compressed ? Compressor::zstd : Compressor::none;
  result.ci_size = header.ci_uncompressed_size;
  result.header = to_bytes(header_bytes);
  return result;
}

StoredMeta BlobWriter::meta(PackedCi ci, const ContextTable& contexts, Blob& blob) {
  MetaHeader header;
  header.features = blob.features;
  header.chunks = blob.chunk_count;
  header.contexts = contexts;
  header.ci_compressor = ci.compressor;
  header.ci_offset = position_;
  header.ci_compressed_size = ci.stored->size();
  header.ci_uncompressed_size = ci.size;
  io::RangeStream stored(*ci.stored);
  Buffer block;
  block.resize(kCopyBlock);
  while (const std::size_t count = stored.read({block.data(), block.size()})) write(block.view().first(count));
  const auto header_bytes = encode(header);
  write(header_bytes);
  end_meta(header, ci.digest, header_bytes, blob);
  return {std::move(ci.stored), ci.compressor, ci.size, to_bytes(header_bytes)};
}

/// What stands behind CI and header.
void BlobWriter::end_meta(const MetaHeader& header, const RawDigest& ci_digest, ByteView header_bytes, Blob& blob) {
  end_section(section::kMeta, header.ci_compressed_size + kMetaHeaderSize);
  if (has_toc_) {
    const std::uint64_t header_offset = header.ci_offset + header.ci_compressed_size;
    append_section_entry({section::kMeta, header.ci_compressor, ci_digest, header.ci_offset, header.ci_compressed_size,
                          header.ci_uncompressed_size},
                         toc_);
    append_section_entry({section::kMetaHeader, Compressor::none, sha256_of(header_bytes), header_offset,
                          kMetaHeaderSize, kMetaHeaderSize},
                         toc_);
  }
  blob.ci_compressor = header.ci_compressor;
  blob.ci_offset = header.ci_offset;
  blob.ci_compressed_size = header.ci_compressed_size;
  blob.ci_uncompressed_size = header.ci_uncompressed_size;
}

void BlobWriter::digests(ByteView digests) {
  const SectionEntry entry = {section::kDigests, Compressor::none, sha256_of(digests),
                              position_,         digests.size(),   digests.size()};
  write(digests);
  end_section(section::kDigests, digests.size());
  append_section_entry(entry, toc_);
}

void BlobWriter::bootstrap(ByteView bootstrap) {
  Compressor compressor = has_toc_ ? Compressor::zstd : Compressor::none;
  const std::uint64_t offset = position_;
  if (!has_toc_) {
    write(bootstrap);
    end_section(section::kBootstrap, bootstrap.size());
    return;
  }
  const Buffer stored = compress_section(bootstrap, compressor);
  write(stored.view());
  end_section(section::kBootstrap, stored.size());
  append_section_entry({section::kBootstrap, compressor, sha256_of(bootstrap), offset, stored.size(), bootstrap.size()},
                       toc_);
}

BlobWriter::Toc BlobWriter::toc() {
  const auto header = section_header(section::kToc, toc_.size());
  hash::Hasher hasher;
  hasher.update(toc_.view());
  hasher.update(header);
  const Toc result = {raw_digest(hasher.finish()), static_cast<std::uint32_t>(toc_.size() + header.size())};
  write(toc_.view());
  write(header);
  return result;
}

}  // namespace accel::formats::nydus
