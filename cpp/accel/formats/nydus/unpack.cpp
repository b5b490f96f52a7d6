#include "accel/formats/nydus/unpack.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "accel/base/endian.hpp"
#include "accel/base/error.hpp"
#include "accel/formats/nydus/image_reader.hpp"
#include "accel/formats/nydus/rafs/bootstrap.hpp"
#include "accel/formats/nydus/rafs_reader.hpp"
#include "accel/formats/nydus/reader.hpp"
#include "accel/formats/nydus/stored_blob.hpp"
#include "accel/formats/nydus/stored_layers.hpp"
#include "accel/formats/nydus/toc_reader.hpp"
#include "accel/formats/nydus/tree_entries.hpp"
#include "accel/fs/tree.hpp"
#include "accel/hash/hasher.hpp"

namespace accel::formats::nydus {

namespace {

/// The same for files of the same chunks, in a layer's bootstrap and in the image's.
hash::Digest chunk_list_digest(const Rafs& rafs, const Inode& file) {
  hash::Hasher hasher;
  for (std::uint32_t i = 0; i < file.chunk_count; ++i) {
    const Chunk& chunk = rafs.chunks[rafs.file_chunks[file.first_chunk + i]];
    std::array<std::byte, 12> place{};
    store_le(place.data(), chunk.compressed_offset);
    store_le(place.data() + 8, chunk.uncompressed_size);
    hasher.update(chunk.digest);
    hasher.update(place);
  }
  return hasher.finish();
}

void add_layer(fs::Tree& tree, const Rafs& rafs) {
  tree.begin_layer();
  walk_entries(rafs.tree, [&](const tar::Entry& entry, Tree::Name name) {
    const bool regular = entry.type == tar::EntryType::regular;
    tree.add(entry, regular ? chunk_list_digest(rafs, rafs.tree.inode(name)) : hash::Digest());
  });
  tree.end_layer();
}

/// The digest of the RAFS blob of a blob of the table.
hash::Digest rafs_digest(const Blob& blob) {
  if ((blob.features & feature::kSeparate) != 0) return {hash::Algorithm::sha256, blob.meta_digest};
  return hash::Digest::try_parse("sha256:" + blob.id);
}

class Unpacker final : public ImageUnpacker {
 public:
  Unpacker(std::vector<oci::Descriptor> layers, BlobOpener blobs, OpenOptions options)
      : all_(std::move(layers)), blobs_(std::move(blobs)), options_(std::move(options)) {
    options_.other_blobs = blobs_;
    note_ = tell_layers_apart();
    if (note_.empty()) return;
    note_ += "; all files are in one layer";
    layers_.clear();
  }

  [[nodiscard]] const std::vector<oci::Descriptor>& layers() const override { return layers_; }
  [[nodiscard]] const std::string& note() const override { return note_; }
  [[nodiscard]] const std::vector<std::string>& annotations() const override {
    static const std::vector<std::string> all = {"containerd.io/snapshot/nydus-*"};
    return all;
  }

  void write_layer(std::size_t layer, io::ByteSink& tar, const CancelToken& cancel) override {
    if (layers_.empty()) {
      unpack_image(all_, blobs_, tar, options_, cancel);
    } else {
      unpack_layer(layers_.at(layer), blobs_(layers_.at(layer)), tar, options_, cancel);
    }
  }

 private:
  /// Finds the layers; returns why that cannot be done.
  std::string tell_layers_apart() {
    std::vector<oci::Descriptor> found;
    std::ranges::copy_if(all_, std::back_inserter(found), is_blob_layer);
    if (found.empty()) return "its layers are not in the image";
    std::set<hash::Digest> dictionary;  // blobs that a layer's bootstrap names as another's
    for (const oci::Descriptor& layer : found) {
      const std::shared_ptr<io::ByteSource> blob = blobs_(layer);
      const Buffer bootstrap =
          ends_with_section(*blob) ? read_inlined_bootstrap(*blob, options_.max_toc_bytes) : Buffer();
      if (bootstrap.empty()) return "layer " + layer.digest.short_string() + " has no bootstrap of its own";
      for (const Blob& other : read_blob_table(bootstrap.view())) {
        if (!is_own(other)) dictionary.insert(rafs_digest(other));
      }
    }
    std::erase_if(found, [&](const oci::Descriptor& layer) { return dictionary.contains(layer.digest); });
    layers_ = std::move(found);
    const std::vector<fs::TreeDifference> differences = fs::compare(tree_of_layers(), tree_of_image(), false);
    if (differences.empty()) return {};
    return "its layers, laid over each other, are not what its bootstrap says: they differ in " +
           differences.front().path + " (" + differences.front().field + ")";
  }

  fs::Tree tree_of_layers() {
    fs::Tree tree;
    for (const oci::Descriptor& layer : layers_) {
      try {
        add_layer(tree, make_layer_reader(layer, blobs_(layer), options_)->rafs());
      } catch (Error& error) {
        error.add_context("layer " + layer.digest.short_string());
        throw;
      }
    }
    return tree;
  }

  fs::Tree tree_of_image() {
    fs::Tree tree;
    add_layer(tree, make_image_reader(all_, blobs_, options_)->rafs());
    return tree;
  }

  const std::vector<oci::Descriptor> all_;
  const BlobOpener blobs_;
  OpenOptions options_;
  std::vector<oci::Descriptor> layers_;
  std::string note_;
};

}  // namespace

void unpack_layer(const oci::Descriptor& layer, std::shared_ptr<io::ByteSource> blob, io::ByteSink& sink,
                  const OpenOptions& options, const CancelToken& cancel) {
  make_layer_reader(layer, std::move(blob), options)->unpack(sink, cancel);
}

void unpack_image(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs, io::ByteSink& sink,
                  const OpenOptions& options, const CancelToken& cancel) {
  make_image_reader(layers, blobs, options)->unpack(sink, cancel);
}

std::unique_ptr<ImageUnpacker> open_unpacker(const std::vector<oci::Descriptor>& layers, const BlobOpener& blobs,
                                             const OpenOptions& options) {
  if (find_bootstrap_layer(layers) == nullptr) return nullptr;
  return std::make_unique<Unpacker>(layers, blobs, options);
}

}  // namespace accel::formats::nydus
