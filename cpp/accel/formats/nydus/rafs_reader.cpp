#include "accel/formats/nydus/rafs_reader.hpp"

#include <utility>

#include "accel/base/error.hpp"
#include "accel/formats/nydus/compressor.hpp"
#include "accel/formats/nydus/tar_writer.hpp"
#include "accel/formats/nydus/tree_entries.hpp"

namespace accel::formats::nydus {

namespace {

std::string features_of(const Blob& blob) {
  struct Name {
    std::uint32_t bit;
    std::string_view text;
  };
  constexpr Name kNames[] = {{feature::kSeparate, "data in an OCI layer"},
                             {feature::kZran, "gzip slices"},
                             {feature::kBatch, "batches"},
                             {feature::kEncrypted, "encrypted"},
                             {feature::kInlinedChunkDigest, "digests"},
                             {feature::kHasToc, "TOC"},
                             {feature::kTarfs, "plain tar"}};
  std::string text;
  for (const Name& name : kNames) {
    if ((blob.features & name.bit) != 0) text.append(text.empty() ? "" : ", ").append(name.text);
  }
  return text;
}

/// How each blob is best read when all files are: most of it front to back, or its few chunks one by one (a large
/// dictionary that a small layer needs little of). What a bootstrap calls its own is always read whole, for its digest.
std::vector<ForwardReader::Mode> modes_for_all_files(const Rafs& rafs) {
  constexpr std::uint64_t kMost = 4;  // a quarter
  std::vector<std::uint64_t> used(rafs.blobs.size());
  for (const Chunk& chunk : rafs.chunks) used[chunk.blob] += chunk.compressed_size;
  std::vector<ForwardReader::Mode> modes;
  for (std::size_t i = 0; i < used.size(); ++i) {
    const bool whole = is_own(rafs.blobs[i]) || used[i] >= rafs.blobs[i].compressed_size / kMost;
    modes.push_back(whole ? ForwardReader::Mode::whole : ForwardReader::Mode::ranges);
  }
  return modes;
}

hash::Digest sha256_of(const RawDigest& raw) { return hash::Digest(hash::Algorithm::sha256, raw); }

}  // namespace

const Rafs& RafsReader::rafs() {
  if (!rafs_) rafs_ = load();
  return *rafs_;
}

void RafsReader::check_meta(const Blob&, const BlobMeta&) {}

LayerSummary RafsReader::summary() {
  const Rafs& rafs = this->rafs();
  LayerSummary summary;
  summary.format = kind() + (rafs.version == FsVersion::v6 ? " (RAFS v6)" : " (RAFS v5)");
  summary.chunks = rafs.file_chunks.size();
  walk_entries(rafs.tree, [&](const tar::Entry& entry, Tree::Name) {
    ++summary.entries;
    summary.uncompressed_size += entry.size;
  });
  auto& details = summary.details;
  details.emplace_back("chunk size", std::to_string(rafs.chunk_size));
  details.emplace_back("compressor", to_string(rafs.compressor));
  details.emplace_back("digester", rafs.digester == Digester::blake3 ? "blake3" : "sha256");
  for (const std::string& path : rafs.prefetch) details.emplace_back("prefetch", path);
  for (const Blob& blob : rafs.blobs) {
    std::string text = blob.id == kOwnBlobId ? "itself" : blob.id;
    text.append(": ").append(std::to_string(blob.chunk_count)).append(" chunks, ").append(to_string(blob.compressor));
    if (const std::string features = features_of(blob); !features.empty()) text.append(" (" + features + ")");
    details.emplace_back("blob", std::move(text));
  }
  return summary;
}

void RafsReader::list(LayerVisitor& visitor) {
  walk_entries(rafs().tree, [&](const tar::Entry& entry, Tree::Name) { visitor.entry(entry, hash::Digest()); });
}

FileReader RafsReader::make_files(std::function<ForwardReader::Mode(std::uint32_t blob)> mode,
                                  const CancelToken& cancel) {
  const Rafs& rafs = this->rafs();
  return FileReader(rafs, [this, &rafs, mode = std::move(mode), cancel](std::uint32_t index) {
    const Blob& blob = rafs.blobs[index];
    try {
      return std::make_unique<StoredBlob>(blob, rafs.version, find_(blob), mode(index), options_, cancel);
    } catch (Error& error) {
      error.add_context("blob " + blob.id);
      throw;
    }
  });
}

void RafsReader::verify(LayerVisitor& visitor, const hash::Digest& diff_id, const CancelToken& cancel) {
  const Rafs& rafs = this->rafs();
  FileReader files = make_files([](std::uint32_t) { return ForwardReader::Mode::whole; }, cancel);
  const std::vector<RawDigest> digests = files.digests(cancel);
  for (std::uint32_t i = 0; i < rafs.blobs.size(); ++i) {
    StoredBlob& blob = files.blob(i);
    try {
      if (blob.meta() != nullptr) check_meta(rafs.blobs[i], *blob.meta());
      blob.finish();
    } catch (Error& error) {
      error.add_context("blob " + rafs.blobs[i].id);
      throw;
    }
  }
  verify_others(diff_id, cancel);
  walk_entries(rafs.tree, [&](const tar::Entry& entry, Tree::Name name) {
    const bool regular = entry.type == tar::EntryType::regular;
    visitor.entry(entry, regular ? sha256_of(digests[rafs.tree.inode_number(name)]) : hash::Digest());
  });
}

const Inode& RafsReader::file_at(std::string_view path) {
  const Tree& tree = rafs().tree;
  const Tree::Name name = tree.find("/" + std::string(path));
  if (name == Tree::kNone || tree.inode(name).type != tar::EntryType::regular) {
    throw FormatError("the layer has no regular file of this name", FormatError::Where{{}, std::string(path), {}});
  }
  return tree.inode(name);
}

std::size_t RafsReader::read_file(std::string_view path, std::uint64_t offset, MutableByteView out) {
  const Inode& file = file_at(path);
  if (!files_) files_.emplace(make_files([](std::uint32_t) { return ForwardReader::Mode::ranges; }, {}));
  return files_->read(file, offset, out);
}

void RafsReader::unpack(io::ByteSink& sink, const CancelToken& cancel) {
  const Rafs& rafs = this->rafs();
  const std::vector<ForwardReader::Mode> modes = modes_for_all_files(rafs);
  FileReader files = make_files([&](std::uint32_t blob) { return modes[blob]; }, cancel);
  write_tar(rafs, files, sink, cancel);
  for (std::uint32_t i = 0; i < rafs.blobs.size(); ++i) {
    if (modes[i] == ForwardReader::Mode::whole) files.blob(i).finish();
  }
  verify_bootstrap(cancel);
}

}  // namespace accel::formats::nydus
