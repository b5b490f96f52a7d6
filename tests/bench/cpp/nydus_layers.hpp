/// Layers of made-up files for the benchmarks of Nydus metadata: their bootstraps, without any data.
#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "accel/base/bytes.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs/growth.hpp"
#include "accel/formats/nydus/tree_builder.hpp"

namespace accel::formats::nydus {

inline constexpr std::uint32_t kFeatures = feature::kCapTarToc | feature::kAligned | feature::kInlinedFsMeta;

/// Files of one chunk each, as the encoders make a layer of them.
class LayerMaker {
 public:
  explicit LayerMaker(FsVersion version) : builder_(rafs_) {
    rafs_.version = version;
    rafs_.blobs.resize(1);
    rafs_.blobs[0].id = kOwnBlobId;
    rafs_.blobs[0].features = kFeatures;
  }

  void directory(std::string name) {
    tar::Entry entry;
    entry.name = std::move(name);
    entry.type = tar::EntryType::directory;
    entry.mode = 0755;
    builder_.add(entry);
  }

  void file(std::string name, std::uint64_t seed) {
    tar::Entry entry;
    entry.name = std::move(name);
    entry.mode = 0644;
    entry.size = 3000;
    entry.mtime.seconds = 1'700'000'000;
    Inode& inode = rafs_.tree.inode_at(*builder_.add(entry));
    inode.first_chunk = static_cast<std::uint32_t>(rafs_.file_chunks.size());
    inode.chunk_count = 1;
    Blob& blob = rafs_.blobs[0];
    Chunk chunk;
    for (std::size_t i = 0; i < chunk.digest.size(); i += 8) {
      seed = (seed ^ (seed >> 31U)) * 0x9E3779B97F4A7C15U + 1;
      std::memcpy(&chunk.digest[i], &seed, sizeof seed);
    }
    chunk.flags = chunk_flag::kCompressed;
    chunk.compressed_size = 1000;
    chunk.uncompressed_size = 3000;
    chunk.compressed_offset = blob.compressed_size;
    chunk.uncompressed_offset = blob.uncompressed_size;
    chunk.index = blob.chunk_count++;
    blob.compressed_size += chunk.compressed_size;
    blob.uncompressed_size += kBlockSize;
    blob.ci_uncompressed_size = std::uint64_t{16} * blob.chunk_count;
    blob.ci_compressed_size = blob.ci_uncompressed_size;
    blob.ci_offset = blob.compressed_size;
    append_sparing(rafs_.file_chunks, static_cast<std::uint32_t>(rafs_.chunks.size()));
    append_sparing(rafs_.chunks, chunk);
  }

  Rafs finish() {
    builder_.finish();
    if (rafs_.blobs[0].chunk_count == 0) rafs_.blobs.clear();
    return std::move(rafs_);
  }

 private:
  Rafs rafs_;
  TreeBuilder builder_;
};

/// Names as node_modules have them: `files` of them, in directories of 40.
inline Rafs make_layer(FsVersion version, std::size_t files, std::size_t number) {
  LayerMaker maker(version);
  maker.directory("./");
  maker.directory("usr/lib/node_modules");
  for (std::size_t i = 0; i < files; ++i) {
    const std::size_t id = number * files + i;
    const std::string package = "usr/lib/node_modules/package-" + std::to_string(id / 40);
    if (i % 40 == 0) maker.directory(package);
    maker.file(package + "/module-" + std::to_string(id) + ".js", id);
  }
  return maker.finish();
}

/// The layers of an image, which share a directory of 20,000 entries.
inline std::vector<Buffer> make_bootstraps(FsVersion version, std::size_t layers, std::size_t files) {
  std::vector<Buffer> bootstraps;
  for (std::size_t number = 0; number < layers; ++number) {
    const std::size_t in_shared = 20'000 / layers;
    LayerMaker maker(version);
    maker.directory("./");
    maker.directory("var/lib/dpkg/info");
    for (std::size_t i = 0; i < files / layers; ++i) {
      const std::size_t id = number * (files / layers) + i;
      if (i < in_shared) {
        maker.file("var/lib/dpkg/info/package-" + std::to_string(id) + ".list", id);
      } else {
        maker.file("usr/lib/node_modules/package-" + std::to_string(id / 40) + "/module-" + std::to_string(id) + ".js",
                   id);
      }
      // Every twentieth file of the layer below is deleted.
      if (number > 0 && i < in_shared && i % 20 == 0) {
        maker.file("var/lib/dpkg/info/.wh.package-" + std::to_string(id - files / layers) + ".list", id);
      }
    }
    bootstraps.push_back(write_bootstrap(maker.finish()));
  }
  return bootstraps;
}

}  // namespace accel::formats::nydus
